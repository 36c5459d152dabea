-- Deletes a user with everything that belongs to them, and records a receipt, to which the objects
-- that still have to be deleted elsewhere refer.
set local role ignacio_definer;
create or replace function app.erase_user(p_erasure uuid, p_user uuid) returns void
    language plpgsql volatile security definer set search_path = '' as $$
declare
    v_admin uuid := app.current_user_id();
begin
    if not app.is_admin() then
        raise exception using errcode = 'IGADM', message = 'not an admin';
    end if;
    if p_user = v_admin or p_user = '00000000-0000-0000-0000-000000000000' then
        raise insufficient_privilege using message = 'not for oneself, nor for the temporary user';
    end if;
    insert into public.erasures
        (id, erased_user_id, admin_id, n_conversations, n_messages, n_files)
    select p_erasure, p_user, v_admin, count(*), coalesce(sum(c.message_count), 0),
           (select count(*) from public.user_files f
             where f.user_id = p_user and f.uploaded_at is not null and f.deleted_at is null)
      from public.conversations c where c.user_id = p_user;
    delete from public.users u where u.id = p_user;
    if not found then
        raise exception using errcode = 'IGNFD', message = 'no such user';
    end if;
    -- The triggers of the deletion have queued what has to be deleted elsewhere.
    update public.purge_queue q set erasure_id = p_erasure
     where q.erasure_id is null and q.xmin = pg_catalog.pg_current_xact_id()::xid;
end $$;
revoke all on function app.erase_user(uuid, uuid) from public;
grant execute on function app.erase_user(uuid, uuid) to ignacio_admin;
