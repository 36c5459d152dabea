drop table user_files;
