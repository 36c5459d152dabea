update user_files set openai_file_id = 'file-plan', openai_vector_store_id = 'vs_shared',
       openai_uploaded_at = now(), openai_sync_status = 'synced'
 where id = 'f0000000-0000-4000-8000-000000000001';

update user_files set openai_sync_status = 'expired'
 where id = 'f0000000-0000-4000-8000-000000000002';
