drop table webhook_inbox, outbox;
