drop table conversation_summaries, chores, citations, message_files, response_events, responses;
