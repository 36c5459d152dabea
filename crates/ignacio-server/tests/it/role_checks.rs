//! Roles that row level security does not bind: the program refuses to run with them.
//!
//! Roles belong to a whole cluster, so this test has its own, and its cases run one by one.

use ignacio_devstack::{Cluster, ClusterOptions};

use crate::process::{Running, SECRET, Variables, run};

/// A change to a role or a table, the command that must detect it, and the lines that it must
/// print.
struct Case {
    spoil: &'static str,
    command: &'static [&'static str],
    says: &'static [&'static str],
}

const SERVE: &[&str] = &["serve"];

const CASES: [Case; 21] = [
    Case {
        spoil: "alter role ignacio_api superuser",
        command: SERVE,
        says: &["ignacio_api is a superuser"],
    },
    Case {
        spoil: "alter role ignacio_auth bypassrls",
        command: SERVE,
        says: &["ignacio_auth has BYPASSRLS"],
    },
    Case {
        spoil: "alter role ignacio_admin createrole",
        command: SERVE,
        says: &["ignacio_admin may make roles"],
    },
    Case {
        spoil: "alter role ignacio_api createdb replication",
        command: SERVE,
        says: &["ignacio_api may make databases", "ignacio_api may replicate"],
    },
    Case {
        spoil: "create table notes (body text); alter table notes owner to ignacio_api",
        command: SERVE,
        says: &[
            "ignacio_api has REFERENCES, TRIGGER, TRUNCATE on public.notes",
            "ignacio_api owns table public.notes",
            "public.notes has no forced row level security",
        ],
    },
    Case {
        spoil: "grant ignacio_owner to ignacio_api",
        command: SERVE,
        says: &["ignacio_api is a member of ignacio_owner"],
    },
    Case {
        spoil: "grant pg_read_all_data to ignacio_worker",
        command: &["work"],
        says: &["ignacio_worker is a member of pg_read_all_data"],
    },
    Case {
        spoil: "grant ignacio_seeder to ignacio_api; alter role ignacio_api set role ignacio_seeder",
        command: SERVE,
        says: &["ignacio_api is a member of ignacio_seeder", "ignacio_api works as ignacio_seeder"],
    },
    Case {
        spoil: "grant create on schema public to ignacio_admin",
        command: SERVE,
        says: &["ignacio_admin has CREATE on the schema public"],
    },
    Case {
        spoil: "grant create on database ignacio to ignacio_api",
        command: SERVE,
        says: &["ignacio_api has CREATE on the database ignacio"],
    },
    Case {
        spoil: "grant temporary on database ignacio to public",
        command: &["work"],
        says: &["ignacio_auth has TEMPORARY on", "ignacio_worker has TEMPORARY on"],
    },
    Case {
        spoil: "grant truncate on messages to ignacio_api",
        command: SERVE,
        says: &["ignacio_api has TRUNCATE on public.messages"],
    },
    Case {
        spoil: "alter table messages no force row level security",
        command: SERVE,
        says: &["public.messages has no forced row level security"],
    },
    Case {
        spoil: "alter table users disable row level security",
        command: &["work"],
        says: &["public.users has no forced row level security"],
    },
    Case {
        spoil: "create table notes_of_all (body text); grant select (body) on notes_of_all to public",
        command: SERVE,
        says: &["public.notes_of_all has no forced row level security"],
    },
    Case {
        spoil: "alter role ignacio_worker bypassrls",
        command: &["serve", "--with-worker"],
        says: &["ignacio_worker has BYPASSRLS"],
    },
    Case {
        spoil: "create function everybody(int) returns setof users language sql security definer \
                as 'select * from public.users'",
        command: &["work"],
        says: &[
            "ignacio_auth may call public.everybody(integer), which works with the rights of",
            "ignacio_worker may call public.everybody(integer), which works with the rights of",
        ],
    },
    Case {
        spoil: "create procedure clean() language sql security definer \
                as 'delete from public.users'; \
                revoke execute on procedure clean from public; \
                grant execute on procedure clean to ignacio_seeder with grant option; \
                set role ignacio_seeder; \
                grant execute on procedure clean to ignacio_api with grant option; \
                reset role",
        command: SERVE,
        says: &["ignacio_api may call public.clean(), which works with the rights of"],
    },
    Case {
        spoil: "create view numbers with (security_invoker = off) as select * from users; \
                grant select (id) on numbers to ignacio_api",
        command: SERVE,
        says: &["ignacio_api may use the view public.numbers, which works with the rights of"],
    },
    Case {
        spoil: "create view app.people as select * from public.users; \
                alter view app.people owner to ignacio_seeder; \
                grant delete on app.people to public",
        command: &["work"],
        says: &[
            "ignacio_auth may use the view app.people, which works with the rights of ignacio_seeder",
            "ignacio_worker may use the view app.people, which works with the rights of ignacio_see",
        ],
    },
    Case {
        spoil: "create materialized view copies as select * from users; \
                grant select on copies to ignacio_admin",
        command: SERVE,
        says: &["ignacio_admin may use the materialized view public.copies, which works with"],
    },
];

/// Objects of other programs that lead no role to our rows, or not past the policies.
const HARMLESS: [&str; 5] = [
    "create table somebody_elses (body text)",
    "create view its_own as select * from users",
    "create view as_who_asks with (security_invoker = on) as select * from users; \
     grant select on as_who_asks to public",
    "create function its_own() returns setof users language sql security definer \
     as 'select * from public.users'; revoke execute on function its_own from public",
    "create function on_change() returns trigger language plpgsql security definer \
     as 'begin return new; end'",
];

#[tokio::test]
async fn privileged_roles_are_refused_and_the_advice_fixes_them() {
    let cluster = Cluster::start(ClusterOptions::default()).unwrap();
    cluster.ensure_database("ignacio").await.unwrap();
    let variables = variables(cluster.admin_url("ignacio"));
    let migrated = run(&["migrate"], &variables);
    assert_eq!(migrated.code, Some(0), "{}", migrated.stderr);

    for Case { spoil, command, says } in &CASES {
        cluster.execute("ignacio", spoil).await.unwrap();
        let ended = run(command, &variables);
        assert_eq!(ended.code, Some(78), "{spoil}: {}", ended.stderr);
        let lines = ended.last_words();
        // Exactly these lines: the previous case is fixed.
        assert_eq!(lines.len(), says.len(), "{spoil}: {lines:#?}");
        for (line, says) in lines.iter().zip(*says) {
            assert!(line.starts_with(says), "{spoil}: {line}");
            cluster.execute("ignacio", advice(line)).await.unwrap();
        }
    }
    for harmless in &HARMLESS {
        cluster.execute("ignacio", harmless).await.unwrap();
    }
    Running::start(&["serve", "--with-worker"], &variables).stop();
}

/// The statement that a line recommends.
fn advice(line: &str) -> &str {
    line.split('`').nth(1).unwrap_or_else(|| panic!("no advice: {line}"))
}

/// The required settings of each command, with no servers at the addresses but the database.
fn variables(database_url: String) -> Variables {
    Variables::none()
        .with("DATABASE_URL", database_url)
        .with("IGNACIO_SECRET", SECRET)
        .with("IGNACIO_LISTEN", "127.0.0.1:0")
        .with("IGNACIO_METRICS_LISTEN", "127.0.0.1:0")
        .with("S3_ENDPOINT", "http://127.0.0.1:9")
        .with("S3_ACCESS_KEY_ID", "nobody")
        .with("S3_SECRET_ACCESS_KEY", "nothing")
        .with("OPENAI_API_KEY", "sk-nobody")
        .with("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
        .with("WHATSAPP_BASE_URL", "http://127.0.0.1:9/v23.0")
        .with("WHATSAPP_PHONE_NUMBER_ID", "1")
        .with("WHATSAPP_ACCESS_TOKEN", "a token")
}
