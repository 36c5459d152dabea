create trigger users_audit after insert or update or delete on users
    for each row execute function app.audit_user();
create trigger users_guard_delete before delete on users
    for each row execute function app.guard_account();
create trigger users_guard_insert before insert on users
    for each row when (new.is_admin) execute function app.guard_account();
create trigger users_guard_update before update of is_admin, is_active, phone_number on users
    for each row when (
        new.is_admin and not old.is_admin
        or new.is_admin and new.is_active and not old.is_active
        or new.phone_number <> old.phone_number)
    execute function app.guard_account();
create trigger users_keep_admin_delete before delete on users
    for each row when (old.is_admin and old.is_active)
    execute function app.keep_an_admin();
create trigger users_keep_admin_update before update of is_admin, is_active on users
    for each row when (old.is_admin and old.is_active and not (new.is_admin and new.is_active))
    execute function app.keep_an_admin();
create trigger users_tell_of_new_number after update of phone_number on users
    for each row when (new.phone_number <> old.phone_number)
    execute function app.tell_of_new_number();
create trigger users_updated_at before update on users
    for each row execute function app.set_updated_at();
