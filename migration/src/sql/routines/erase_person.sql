-- Removes a person with all that is theirs, and gives what is kept of it elsewhere a receipt.
set local role ignacio_definer;
create or replace function app.erase_person(p_erasure uuid, p_person uuid) returns void
    language plpgsql volatile security definer set search_path = '' as $$
declare
    v_admin uuid := app.current_user_id();
begin
    if not app.is_admin() then
        raise exception using errcode = 'IGADM', message = 'not an admin';
    end if;
    if p_person = v_admin or p_person = '00000000-0000-0000-0000-000000000000' then
        raise insufficient_privilege using message = 'not for oneself, nor for the temporary user';
    end if;
    insert into public.erasures
        (id, person_id, admin_id, n_conversations, n_messages, n_files)
    select p_erasure, p_person, v_admin, count(*), coalesce(sum(c.message_count), 0),
           (select count(*) from public.user_files f
             where f.user_id = p_person and f.uploaded_at is not null and f.deleted_at is null)
      from public.conversations c where c.user_id = p_person;
    delete from public.users u where u.id = p_person;
    if not found then
        raise exception using errcode = 'IG404', message = 'no such person';
    end if;
    -- The triggers of this very statement have queued what lies elsewhere.
    update public.purge_queue q set erasure_id = p_erasure
     where q.erasure_id is null and q.xmin = pg_catalog.pg_current_xact_id()::xid;
end $$;
revoke all on function app.erase_person(uuid, uuid) from public;
grant execute on function app.erase_person(uuid, uuid) to ignacio_admin;
