//! Rules that the schema must follow, each shown to detect a violation.

use ignacio_devstack::TestDatabase;

use crate::support::Stack;

/// A rule about tables, policies, functions, views or roles.
struct Rule {
    name: &'static str,
    /// Returns a row of text for each finding.
    find: &'static str,
    /// A statement that breaks the rule, and what the rule then reports.
    fault: (&'static str, &'static str),
}

/// Policies that let every row pass, and why they may.
const OPEN: [(&str, &str); 59] = [
    ("access_grants_definer_select", "finds the live grant of a read"),
    ("audit_events_definer_insert", "the one writer of the log"),
    ("audit_events_definer_select", "recognises the read that this transaction recorded"),
    ("audit_heads_definer_select", "the end of the chain is one row without an owner"),
    ("audit_heads_definer_update", "the end of the chain is one row without an owner"),
    (
        "conversations_definer_select",
        "counts messages, and finds the owner of a conversation that is read",
    ),
    ("conversations_definer_update", "counts messages of all users"),
    ("erasures_definer_insert", "the one writer of receipts"),
    ("follow_up_jobs_definer_select", "finds the owner of a lease"),
    ("follow_up_jobs_worker_update", "a row is a job, of any user"),
    ("known_devices_auth_delete", "forgets the devices that a user has too many of"),
    ("known_devices_auth_select", "a device's token identifies its owner"),
    ("known_devices_auth_update", "a login uses the device that it comes from"),
    ("login_failures_auth_delete", "a login clears the failures before it; they name no user"),
    (
        "login_failures_auth_select",
        "attempts are counted before there is an identity; they name no user",
    ),
    (
        "login_failures_auth_update",
        "attempts are counted before there is an identity; they name no user",
    ),
    ("login_monitor_auth_select", "one row without an owner"),
    ("login_monitor_auth_update", "one row without an owner"),
    ("messages_definer_select", "finds what a newer version replaces"),
    ("messages_definer_update", "marks what a newer version replaces: no other column"),
    ("otp_codes_auth_select", "a code is read before there is an identity"),
    ("otp_codes_auth_update", "a code is written before there is an identity"),
    ("outbox_auth_select", "codes to send, of all users"),
    ("outbox_auth_update", "codes to send, of all users"),
    ("purge_queue_definer_insert", "the only writer of external objects to remove"),
    ("purge_queue_definer_select", "finds what an erasure has queued; it names no user"),
    ("purge_queue_definer_update", "WITH CHECK only: gives a row its erasure, once"),
    ("purge_queue_worker_delete", "the queue is the worker's; it names no user"),
    ("purge_queue_worker_select", "the queue is the worker's; it names no user"),
    ("purge_queue_worker_update", "the queue is the worker's; it names no user"),
    (
        "rate_buckets_auth_select",
        "limits are counted before there is an identity; they name no user",
    ),
    (
        "rate_buckets_auth_update",
        "limits are counted before there is an identity; they name no user",
    ),
    ("repeatable_scripts_owner", "the digests of the scripts are the owner's"),
    ("response_events_definer_select", "polls replies, each checked against its own session"),
    ("responses_definer_select", "finds the owner of a lease"),
    ("responses_worker_update", "a row is a job, of any user"),
    ("retired_tokens_definer_insert", "the one writer of tokens that were replaced"),
    ("retired_tokens_definer_select", "derives the identity from a token"),
    ("seaql_migrations_owner", "the log of migrations is the owner's"),
    ("seaql_migrations_service_select", "a service checks at start that nothing is pending"),
    ("usage_records_definer_insert", "the one writer of reservations, for the caller"),
    ("usage_records_definer_select", "sums the caller's usage"),
    ("usage_records_definer_update", "settles responses that are deleted while they run"),
    ("user_files_definer_select", "counts what an erasure removes"),
    ("user_files_worker_update", "a row is a job, of any user"),
    ("user_sessions_auth_select", "a session's token identifies its owner"),
    ("user_sessions_auth_update", "a login ends older sessions"),
    ("user_sessions_definer_select", "derives the identity from a token"),
    ("user_sessions_definer_update", "extends the idle limit of the session that authenticates"),
    ("user_vector_stores_worker_delete", "stores are the worker's: one for each user"),
    ("user_vector_stores_worker_insert", "stores are the worker's: one for each user"),
    ("users_auth_select", "finds the user with a number, before there is an identity"),
    ("users_auth_update", "marks users whom WhatsApp cannot reach: no other column"),
    ("users_definer_delete", "erases the user whom an admin names"),
    ("users_definer_select", "derives the identity from a token"),
    ("users_seeder_insert", "adds users before anyone can log in"),
    ("users_seeder_select", "adds users before anyone can log in"),
    ("webhook_inbox_auth_select", "delivery reports, before their user is known"),
    ("webhook_inbox_auth_update", "WITH CHECK only: a report is processed once"),
];

const RULES: [Rule; 13] = [
    Rule {
        name: "row level security is enabled and forced",
        find: "select relname from pg_class
                where relnamespace in ('public'::regnamespace, 'app'::regnamespace)
                  and relkind in ('r', 'p', 'f') and not (relrowsecurity and relforcerowsecurity)",
        fault: ("alter table messages no force row level security", "messages"),
    },
    Rule {
        name: "each table has a policy",
        find: "select relname from pg_class c
                where relnamespace in ('public'::regnamespace, 'app'::regnamespace)
                  and relkind in ('r', 'p', 'f')
                  and not exists (select 1 from pg_policy p where p.polrelid = c.oid)",
        fault: ("create table planted (id uuid)", "planted"),
    },
    Rule {
        name: "policies and rights name their roles, never PUBLIC",
        find: "select polname from pg_policy where polroles @> '{0}'
               union all
               select relname || ' ' || privilege_type from pg_class, aclexplode(relacl)
                where relnamespace in ('public'::regnamespace, 'app'::regnamespace) and grantee = 0
               union all
               select attrelid::regclass || '.' || attname from pg_attribute, aclexplode(attacl)
                where grantee = 0 and attrelid::regclass::text not like 'pg\\_%'
               union all
               select nspname from pg_namespace, aclexplode(nspacl)
                where nspname in ('public', 'app') and grantee = 0",
        fault: ("create policy planted on users using (false)", "planted"),
    },
    Rule {
        name: "a policy calls functions in a sub-select, once per statement and not once per row",
        find: "select policyname from pg_policies
                where regexp_replace(concat(qual, with_check), '\\( SELECT app\\.\\w+\\(\\) AS', '', 'g')
                      ~ '\\mapp\\.'",
        fault: (
            "create policy planted on users for select to ignacio_auth
                 using (id = app.current_user_id())",
            "planted",
        ),
    },
    Rule {
        name: "functions have an empty search path",
        find: "select proname from pg_proc
                where (pronamespace = 'app'::regnamespace
                       or pronamespace = 'public'::regnamespace and prosecdef)
                  and not coalesce(proconfig, '{}') @> array['search_path=\"\"']",
        fault: (
            "create function planted() returns int language sql security definer return 1",
            "planted",
        ),
    },
    Rule {
        name: "roles with rights are plain: no powers, no memberships, logins own nothing",
        find: "with grantees as (
                   select grantee from pg_class, aclexplode(relacl)
                    where relnamespace = 'public'::regnamespace
                   union select grantee from pg_attribute, aclexplode(attacl)
                   union select grantee from pg_namespace, aclexplode(nspacl)
                    where nspname = 'app'),
               roles as (
                   select * from pg_roles where oid in (select grantee from grantees))
               select rolname || ' is strong' from roles
                where rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication
                   or rolinherit
               union all
               select rolname || ' is a member' from roles r join pg_auth_members m on m.member = r.oid
                where rolcanlogin
               union all
               select rolname || ' owns ' || relname from roles r join pg_class on relowner = r.oid
                where rolcanlogin
               union all
               select rolname || ' owns ' || proname from roles r join pg_proc on proowner = r.oid
                where rolcanlogin",
        fault: ("alter role ignacio_api createdb", "ignacio_api is strong"),
    },
    Rule {
        name: "a policy that lets every row pass is in the list, with a reason",
        find: "select policyname from pg_policies where 'true' in (qual, with_check)",
        fault: ("alter policy messages_api_select on messages using (true)", "messages_api_select"),
    },
    Rule {
        name: "one policy per table, role and command",
        find: "select concat_ws(' ', tablename, role, command)
                 from pg_policies, unnest(roles) role,
                      unnest(case cmd when 'ALL' then array['SELECT', 'INSERT', 'UPDATE', 'DELETE']
                                      else array[cmd] end) command
                where permissive = 'PERMISSIVE'
                group by tablename, role, command having count(*) > 1",
        fault: (
            "create policy planted on messages for select to ignacio_api using (false)",
            "messages ignacio_api SELECT",
        ),
    },
    Rule {
        name: "no function is executable by PUBLIC",
        find: "select proname from pg_proc
                where pronamespace in ('app'::regnamespace, 'public'::regnamespace)
                  and has_function_privilege('public', oid, 'execute')",
        fault: ("grant execute on function app.authenticate(bytea) to public", "authenticate"),
    },
    Rule {
        name: "views read with the reader's rights",
        find: "select relname from pg_class
                where relnamespace in ('public'::regnamespace, 'app'::regnamespace)
                  and (relkind = 'm' or relkind = 'v' and not coalesce(
                      reloptions && array['security_invoker=true', 'security_invoker=on'], false))",
        fault: ("create view app.planted as select * from users", "planted"),
    },
    // An owner column refers to a user, or some policy compares it with the identity.
    Rule {
        name: "a column that names an owner is the first of an index",
        find: "with owners as (
                   select attrelid, attname, attnum from pg_attribute
                    where attname = 'user_id' and attrelid in (
                        select oid from pg_class where relnamespace = 'public'::regnamespace
                           and relkind in ('r', 'p'))
                   union
                   select conrelid, attname, attnum from pg_constraint
                     join pg_attribute on attrelid = conrelid and attnum = conkey[1]
                    where contype = 'f' and confrelid = 'public.users'::regclass
                   union
                   select attrelid, attname, attnum
                     from pg_policies, pg_attribute,
                          regexp_matches(concat(qual, with_check),
                              '(\\w+) = \\( SELECT app\\.\\w*user_id\\(', 'g') it
                    where attrelid = format('%I.%I', schemaname, tablename)::regclass
                      and attname = it[1])
               select attrelid::regclass || '.' || attname from owners
                where not exists (select 1 from pg_index
                                   where indrelid = attrelid and indkey[0] = attnum
                                     and indpred is null)",
        fault: ("drop index messages_page_idx", "messages.user_id"),
    },
    Rule {
        name: "only the owner may truncate, refer to or add triggers to a table",
        find: "select concat_ws(' ', relname, grantee::regrole, privilege_type)
                 from pg_class, aclexplode(relacl)
                where relnamespace in ('public'::regnamespace, 'app'::regnamespace)
                  and grantee <> relowner
                  and privilege_type not in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')",
        fault: ("grant truncate on messages to ignacio_api", "messages ignacio_api TRUNCATE"),
    },
    // The planner's estimates come from statistics, and anyone who may run a query sees them. Exempt
    // are words from lists of ours, identifiers that providers or we make up, and digests.
    Rule {
        name: "no statistics are kept of text that users write",
        find: "select a.attrelid::regclass || '.' || a.attname
                 from pg_attribute a join pg_class c on c.oid = a.attrelid
                where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
                  and a.attnum > 0 and not a.attisdropped and a.attstattarget <> 0
                  and a.atttypid in (
                      'text'::regtype, 'varchar'::regtype, 'json'::regtype, 'jsonb'::regtype,
                      'bytea'::regtype)
                  and a.attname !~ '(_id|hash|digest|token)$'
                  and (c.relname, a.attname) not in (
                      ('audit_events', 'action'), ('audit_events', 'actor_role'),
                      ('conversation_summaries', 'model'), ('follow_up_jobs', 'kind'),
                      ('login_monitor', 'provider_outage'), ('message_feedback', 'rating'),
                      ('messages', 'message_type'), ('messages', 'status'),
                      ('outbox', 'error'), ('outbox', 'kind'), ('outbox', 'state'),
                      ('purge_queue', 'error'), ('purge_queue', 'kind'), ('purge_queue', 'target'),
                      ('repeatable_scripts', 'name'), ('response_events', 'kind'),
                      ('responses', 'failure'), ('responses', 'incomplete_reason'),
                      ('responses', 'instructions_version'), ('responses', 'model'),
                      ('responses', 'state'), ('seaql_migrations', 'version'),
                      ('usage_records', 'kind'), ('usage_records', 'model'),
                      ('usage_records', 'state'), ('user_files', 'file_type'),
                      ('user_files', 'openai_sync_status'), ('user_files', 'sync_error'),
                      ('users', 'locale'), ('webhook_inbox', 'error'))
               union all
               select stxname from pg_statistic_ext
               union all
               select indexrelid::regclass::text from pg_index
                 join pg_class c on c.oid = indrelid
                where c.relnamespace = 'public'::regnamespace and indexprs is not null",
        fault: ("alter table messages alter column content set statistics 100", "messages.content"),
    },
];

/// The findings in a database, each with its rule.
pub(crate) async fn findings(database: &TestDatabase) -> Vec<String> {
    let mut findings = Vec::new();
    for rule in &RULES {
        for finding in rule.findings(database).await {
            findings.push(format!("{}: {finding}", rule.name));
        }
    }
    findings
}

impl Rule {
    async fn findings(&self, database: &TestDatabase) -> Vec<String> {
        let found = database.query_column(self.find).await.into_iter().flatten();
        let is_listed = |finding: &String| OPEN.iter().any(|(policy, _)| policy == finding);
        found.filter(|it| !(self.find.contains("'true' in") && is_listed(it))).collect()
    }
}

#[tokio::test]
async fn the_schema_follows_the_rules() {
    let stack = Stack::start().await;
    let findings = findings(&stack.database).await;
    assert!(findings.is_empty(), "{findings:#?}");
}

#[tokio::test]
async fn each_rule_finds_its_fault() {
    let database = TestDatabase::create().await;
    for rule in &RULES {
        let (fault, expected) = rule.fault;
        database.execute("begin").await;
        database.execute(fault).await;
        let findings = rule.findings(&database).await;
        database.execute("rollback").await;
        assert_eq!(findings, [expected], "{}", rule.name);
    }
}

#[tokio::test]
async fn the_list_of_open_policies_is_no_longer_than_needed() {
    let database = TestDatabase::create().await;
    let read = "select policyname from pg_policies where 'true' in (qual, with_check) order by 1";
    let open: Vec<_> = database.query_column(read).await.into_iter().flatten().collect();
    assert_eq!(OPEN.map(|(policy, _)| policy).to_vec(), open);
}

/// How many conversations with this title the planner expects, as a role without a session may ask.
async fn estimate(stack: &Stack, title: &str) -> String {
    stack.database.execute("set role ignacio_api").await;
    let plan = format!("explain select 1 from conversations where title = '{title}'");
    let plan = stack.database.query_column(&plan).await;
    stack.database.execute("reset role").await;
    let plan = plan.into_iter().flatten().find(|line| line.contains("rows=")).unwrap();
    plan.split_once("rows=").unwrap().1.to_owned()
}

#[tokio::test]
async fn the_planner_reveals_no_text_of_other_users() {
    let stack = Stack::start().await;
    let user = stack.user("+573001110002").await;
    let write = format!(
        "insert into conversations (id, user_id, title)
         select gen_random_uuid(), '{}', 'Secreto' from generate_series(1, 2000)",
        user.id
    );
    stack.database.execute(&write).await;
    stack.database.execute("analyze conversations").await;
    assert_eq!(estimate(&stack, "Secreto").await, estimate(&stack, "Nada").await);

    // With statistics it would.
    stack.database.execute("alter table conversations alter column title set statistics 100").await;
    stack.database.execute("analyze conversations").await;
    assert_ne!(estimate(&stack, "Secreto").await, estimate(&stack, "Nada").await);
}
