alter table user_files
    drop column openai_sync_status,
    drop column openai_uploaded_at,
    drop column openai_vector_store_id,
    drop column openai_file_id;
