-- A text without capitals and accents, as people type it on a phone.
create or replace function app.normalize_text(p_text text) returns text
    language sql immutable strict set search_path = '' as $$
    select pg_catalog.translate(
        pg_catalog.lower(p_text), 'áàâäãéèêëíìîïóòôöõúùûüñç', 'aaaaaeeeeiiiiooooouuuunc')
$$;
revoke all on function app.normalize_text(text) from public;
grant execute on function app.normalize_text(text) to ignacio_api;
