-- Only definer functions see tokens, to make an identity out of them.
grant select, insert (session_id, token_hash) on retired_tokens to ignacio_definer;
create policy retired_tokens_definer_select on retired_tokens
    for select to ignacio_definer using (true);
create policy retired_tokens_definer_insert on retired_tokens
    for insert to ignacio_definer with check (true);
