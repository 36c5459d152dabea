create trigger otp_codes_updated_at before update on otp_codes
    for each row execute function app.set_updated_at();
