drop table conversation_summaries, follow_up_jobs, citations, message_files, response_events, responses;
