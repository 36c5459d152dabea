-- As people type it on a phone: without capitals and accents.
create or replace function app.plain(p_text text) returns text
    language sql immutable strict set search_path = '' as $$
    select pg_catalog.translate(
        pg_catalog.lower(p_text), 'áàâäãéèêëíìîïóòôöõúùûüñç', 'aaaaaeeeeiiiiooooouuuunc')
$$;
revoke all on function app.plain(text) from public;
grant execute on function app.plain(text) to ignacio_api;
