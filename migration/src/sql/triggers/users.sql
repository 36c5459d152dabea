create trigger users_audit after insert or update or delete on users
    for each row execute function app.audit_user();
create trigger users_check_step_up_delete before delete on users
    for each row execute function app.require_step_up_for_user_change();
create trigger users_check_step_up_insert before insert on users
    for each row when (new.is_admin) execute function app.require_step_up_for_user_change();
create trigger users_check_step_up_update before update of is_admin, is_active, phone_number on users
    for each row when (
        new.is_admin and not old.is_admin
        or new.is_admin and new.is_active and not old.is_active
        or new.phone_number <> old.phone_number)
    execute function app.require_step_up_for_user_change();
create trigger users_require_admin_left_delete before delete on users
    for each row when (old.is_admin and old.is_active)
    execute function app.require_admin_left();
create trigger users_require_admin_left_update before update of is_admin, is_active on users
    for each row when (old.is_admin and old.is_active and not (new.is_admin and new.is_active))
    execute function app.require_admin_left();
create trigger users_notify_phone_change after update of phone_number on users
    for each row when (new.phone_number <> old.phone_number)
    execute function app.notify_phone_change();
create trigger users_updated_at before update on users
    for each row execute function app.set_updated_at();
