drop trigger responses_settle on responses;
grant create on schema app to ignacio_definer;
set local role ignacio_definer;
drop function app.settle_deleted();
drop function app.reserve_reply(uuid, text, bigint, bigint, integer, integer, integer, bigint, bigint,
    bigint, bigint);
create or replace function app.note_read(p_action text, p_subject uuid, p_rows bigint) returns void
    language plpgsql volatile security definer set search_path = '' as $$
begin
    if not app.is_admin() then
        raise exception using errcode = 'IGADM', message = 'not an admin';
    end if;
    if p_action not in (
        'users.listed', 'user.read', 'user.unlocked', 'codes.listed', 'files.listed', 'audit.listed') then
        raise insufficient_privilege using message = 'not a reading without a grant';
    end if;
    perform app.audit(p_action, app.current_user_id(), p_subject, null, null,
        pg_catalog.jsonb_build_object('n_rows', p_rows));
end $$;
set local role ignacio_owner;
revoke create on schema app from ignacio_definer;
drop table usage_records;
alter table responses drop column cost_micro;
-- The log keeps what it has; only what is written from now on is checked.
alter table audit_events drop constraint audit_events_action_check;
alter table audit_events add constraint audit_events_action_check check (action in (
    'session.opened', 'session.ended', 'session.reused', 'session.verified',
    'user.created', 'user.changed', 'user.deleted', 'user.read', 'users.listed', 'user.unlocked',
    'codes.listed', 'conversation.deleted', 'conversations.listed', 'messages.listed',
    'file.deleted', 'files.listed',
    'grant.created', 'audit.listed')) not valid;
