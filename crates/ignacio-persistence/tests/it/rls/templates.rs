//! What a row of each table looks like, which the catalogue cannot tell.
//!
//! `$me` stands for `ana` or `ben`. Rows that `world.sql` creates are found by hashes of words.

/// How the matrix addresses a table's rows.
pub(super) struct Template {
    pub(super) table: &'static str,
    /// The condition for a user's rows.
    pub(super) whose: &'static str,
    /// The owner column, and its value for a user.
    pub(super) owner: (&'static str, &'static str),
    /// The primary key of a user's existing row.
    pub(super) key: &'static [(&'static str, &'static str)],
    /// A new row of a user's, in the columns that an insert must fill.
    pub(super) row: &'static [(&'static str, &'static str)],
    /// Odd rows, as differences from the new row.
    pub(super) odd: &'static [(&'static str, &'static [(&'static str, &'static str)])],
}

const ME: &str = "md5('$me')::uuid";
const MINE: &str = "user_id = md5('$me')::uuid";
const NOBODY: &str = "'00000000-0000-0000-0000-000000000000'";
const NEW: &str = "md5('$me new')::uuid";

/// The template of a table.
pub(super) fn template(table: &str) -> &'static Template {
    let found = TEMPLATES.iter().find(|it| it.table == table);
    found.unwrap_or_else(|| {
        panic!(
            "`{table}` is new: add rows of Ana and of Ben to tests/it/rls/world.sql, say in \
             tests/it/rls/templates.rs what a row looks like, and read what the matrix then says"
        )
    })
}

pub(super) const TEMPLATES: &[Template] = &[
    Template {
        table: "access_grants",
        whose: MINE,
        owner: ("user_id", ME),
        key: &[("id", "md5('$me grant')::uuid")],
        row: &[
            ("id", NEW),
            ("admin_id", "md5('ada')::uuid"),
            ("user_id", ME),
            ("reason", "'a reason with words'"),
        ],
        odd: &[("in another admin's name", &[("admin_id", "md5('eva')::uuid")])],
    },
    Template {
        table: "audit_events",
        whose: "subject_id = md5('$me')::uuid",
        owner: ("subject_id", ME),
        key: &[("id", "md5('$me event')::uuid")],
        row: &[
            ("id", NEW),
            ("seq", "1000"),
            ("actor_role", "'system'"),
            ("action", "'user.read'"),
            ("subject_id", ME),
            ("prev_hash", "''"),
            ("hash", "''"),
            ("created_at", "now()"),
        ],
        odd: &[],
    },
    Template {
        table: "audit_heads",
        whose: "'$me' = 'ana'",
        owner: ("id", ME),
        key: &[("id", NOBODY)],
        row: &[("seq", "1000"), ("hash", "''")],
        odd: &[],
    },
    Template {
        table: "citations",
        whose: MINE,
        owner: ("user_id", ME),
        key: &[("id", "md5('$me citation')::uuid")],
        row: &[
            ("id", NEW),
            ("message_id", "md5('$me answer')::uuid"),
            ("user_id", ME),
            ("file_name", "'f'"),
            ("position", "1"),
        ],
        odd: &[],
    },
    Template {
        table: "conversation_summaries",
        whose: MINE,
        owner: ("user_id", ME),
        key: &[("conversation_id", "md5('$me conversation')::uuid")],
        row: &[
            ("conversation_id", "md5('$me new conversation')::uuid"),
            ("user_id", ME),
            ("content", "'s'"),
            ("until_at", "now()"),
            ("until_id", "md5('$me question')::uuid"),
            ("n_messages", "1"),
            ("model", "'m'"),
        ],
        odd: &[],
    },
    Template {
        table: "conversations",
        whose: MINE,
        owner: ("user_id", ME),
        key: &[("id", "md5('$me conversation')::uuid")],
        row: &[("id", NEW), ("user_id", ME)],
        odd: &[],
    },
    Template {
        table: "erasures",
        whose: "erased_user_id = md5('$me')::uuid",
        owner: ("erased_user_id", ME),
        key: &[("id", "md5('$me erasure')::uuid")],
        row: &[
            ("id", NEW),
            ("erased_user_id", ME),
            ("admin_id", "md5('ada')::uuid"),
            ("n_conversations", "0"),
            ("n_messages", "0"),
            ("n_files", "0"),
        ],
        odd: &[],
    },
    Template {
        table: "follow_up_jobs",
        whose: MINE,
        owner: ("user_id", ME),
        key: &[("id", "md5('$me follow-up')::uuid")],
        row: &[
            ("user_id", ME),
            ("conversation_id", "md5('$me conversation')::uuid"),
            ("kind", "'summary'"),
        ],
        odd: &[],
    },
    Template {
        table: "idempotency_keys",
        whose: "request_hash = 'of $me'",
        owner: ("user_id", ME),
        key: &[("id", "md5('$me idempotency key')::uuid")],
        row: &[("user_id", ME), ("key_hash", "'new'"), ("request_hash", "'of $me'")],
        odd: &[("of an admin", &[("user_id", "md5('ada')::uuid")])],
    },
    Template {
        table: "known_devices",
        whose: MINE,
        owner: ("user_id", ME),
        key: &[("id", "md5('$me device')::uuid")],
        row: &[("id", NEW), ("user_id", ME), ("token_hash", "'new'"), ("expires_at", "now()")],
        odd: &[("of the temporary user", &[("user_id", "'00000000-0000-0000-0000-000000000000'")])],
    },
    Template {
        table: "login_failures",
        whose: "id in (md5('$me failures')::uuid, md5('$me old failures')::uuid)",
        owner: ("id", NEW),
        key: &[("id", "md5('$me failures')::uuid")],
        row: &[("id", NEW)],
        odd: &[("with failures taken off", &[("failures", "-100")])],
    },
    Template {
        table: "login_monitor",
        whose: "'$me' = 'ana'",
        owner: ("id", ME),
        key: &[("id", NOBODY)],
        row: &[("id", NEW)],
        odd: &[],
    },
    Template {
        table: "message_feedback",
        whose: MINE,
        owner: ("user_id", ME),
        key: &[("message_id", "md5('$me answer')::uuid")],
        row: &[
            ("message_id", "md5('$me new answer')::uuid"),
            ("user_id", ME),
            ("rating", "'down'"),
        ],
        odd: &[
            ("on a question", &[("message_id", "md5('$me question')::uuid")]),
            ("on a reply to Ben", &[("message_id", "md5('ben new answer')::uuid")]),
        ],
    },
    Template {
        table: "message_files",
        whose: MINE,
        owner: ("user_id", ME),
        key: &[("message_id", "md5('$me question')::uuid"), ("file_id", "md5('$me file')::uuid")],
        row: &[
            ("message_id", "md5('$me question')::uuid"),
            ("user_id", ME),
            ("file_id", "md5('$me other file')::uuid"),
        ],
        odd: &[
            ("on a reply", &[("message_id", "md5('$me answer')::uuid")]),
            ("on a message of Ben's", &[("message_id", "md5('ben question')::uuid")]),
        ],
    },
    Template {
        table: "messages",
        whose: MINE,
        owner: ("user_id", ME),
        key: &[("id", "md5('$me question')::uuid")],
        row: &[
            ("id", NEW),
            ("conversation_id", "md5('$me conversation')::uuid"),
            ("user_id", ME),
            ("content", "'c'"),
            ("is_from_user", "true"),
        ],
        odd: &[],
    },
    Template {
        table: "otp_codes",
        whose: MINE,
        owner: ("user_id", ME),
        key: &[("id", "md5('$me code')::uuid")],
        row: &[("id", NEW), ("user_id", ME), ("phone_number", "'$me'"), ("expires_at", "now()")],
        odd: &[
            ("with tries used", &[("attempts", "-100")]),
            ("used before", &[("used_at", "now()")]),
            ("with a code", &[("code_hash", "''")]),
        ],
    },
    Template {
        table: "outbox",
        whose: "(otp_id = md5('$me code')::uuid or user_id = md5('$me')::uuid)",
        owner: ("otp_id", "md5('$me old code')::uuid"),
        key: &[("id", "md5('$me letter')::uuid")],
        // A notice, because the definer may add those and nothing else.
        row: &[("kind", "'phone_changed'"), ("user_id", ME), ("phone_number", "'$me'")],
        odd: &[
            ("of a new device", &[("kind", "'new_device'")]),
            ("sent before", &[("state", "'sent'")]),
            ("with tries used", &[("attempts", "-100")]),
        ],
    },
    Template {
        table: "purge_queue",
        whose: "target = '$me'",
        owner: ("target", "'$me'"),
        key: &[("id", "md5('$me purge')::uuid")],
        row: &[("kind", "'object'"), ("target", "'$me'")],
        odd: &[],
    },
    Template {
        table: "rate_buckets",
        whose: "id in (md5('$me bucket')::uuid, md5('$me old bucket')::uuid)",
        owner: ("id", NEW),
        key: &[("id", "md5('$me bucket')::uuid")],
        row: &[("id", NEW)],
        odd: &[("with hits", &[("hits", "array[now()]")])],
    },
    Template {
        table: "repeatable_scripts",
        whose: "id = md5('$me script')::uuid",
        owner: ("name", "'of $me'"),
        key: &[("id", "md5('$me script')::uuid")],
        row: &[("id", NEW), ("name", "'new of $me'"), ("digest", "''")],
        odd: &[],
    },
    Template {
        table: "response_events",
        whose: MINE,
        owner: ("user_id", ME),
        key: &[("response_id", "md5('$me response')::uuid"), ("seq", "1")],
        row: &[
            ("response_id", "md5('$me response')::uuid"),
            ("user_id", ME),
            ("seq", "2"),
            ("first_seq", "2"),
            ("kind", "'k'"),
            ("payload", "'{}'"),
        ],
        odd: &[],
    },
    Template {
        table: "responses",
        whose: MINE,
        owner: ("user_id", ME),
        key: &[("id", "md5('$me response')::uuid")],
        row: &[
            ("id", NEW),
            ("user_id", ME),
            ("conversation_id", "md5('$me new conversation')::uuid"),
            ("message_id", "md5('$me new answer')::uuid"),
        ],
        odd: &[
            ("to a question", &[("message_id", "md5('$me question')::uuid")]),
            ("to a reply of Ben's", &[("message_id", "md5('ben new answer')::uuid")]),
            ("to a reply elsewhere", &[("conversation_id", "md5('$me conversation')::uuid")]),
        ],
    },
    Template {
        table: "retired_tokens",
        whose: "session_id = md5('$me session')::uuid",
        owner: ("session_id", "md5('$me session')::uuid"),
        key: &[("id", "md5('$me token')::uuid")],
        row: &[("session_id", "md5('$me session')::uuid"), ("token_hash", "'new'")],
        odd: &[],
    },
    Template {
        table: "seaql_migrations",
        whose: "version = case '$me' when 'ana' then '001_initial_schema'
                                     else '002_add_user_files_table' end",
        owner: ("version", "'of $me'"),
        key: &[(
            "version",
            "case '$me' when 'ana' then '001_initial_schema' else '002_add_user_files_table' end",
        )],
        row: &[("version", "'new of $me'"), ("applied_at", "0")],
        odd: &[],
    },
    Template {
        table: "usage_records",
        whose: MINE,
        owner: ("user_id", ME),
        key: &[("id", "md5('$me record')::uuid")],
        row: &[
            ("id", NEW),
            ("user_id", ME),
            ("kind", "'title'"),
            ("model", "'m'"),
            ("state", "'settled'"),
        ],
        odd: &[],
    },
    Template {
        table: "user_files",
        whose: MINE,
        owner: ("user_id", ME),
        key: &[("id", "md5('$me file')::uuid")],
        row: &[
            ("id", NEW),
            ("user_id", ME),
            ("file_name", "'f'"),
            ("file_path", "'users/' || md5('$me')::uuid || '/' || md5('$me new')::uuid"),
            ("file_type", "'text/plain'"),
        ],
        odd: &[
            ("on Ben's object", &[("file_path", "'users/' || md5('ben')::uuid || '/x'")]),
            ("in Ben's conversation", &[("conversation_id", "md5('ben conversation')::uuid")]),
        ],
    },
    Template {
        table: "user_sessions",
        whose: MINE,
        owner: ("user_id", ME),
        key: &[("id", "md5('$me session')::uuid")],
        row: &[
            ("id", NEW),
            ("user_id", ME),
            ("token_hash", "'new'"),
            ("expires_at", "now()"),
            ("idle_expires_at", "now()"),
        ],
        odd: &[("of the temporary user", &[("user_id", "'00000000-0000-0000-0000-000000000000'")])],
    },
    Template {
        table: "user_vector_stores",
        whose: MINE,
        owner: ("user_id", ME),
        key: &[("user_id", ME)],
        row: &[("user_id", ME), ("openai_vector_store_id", "'new store of $me'")],
        odd: &[],
    },
    Template {
        table: "users",
        whose: "id = md5('$me')::uuid",
        owner: ("id", NOBODY),
        key: &[("id", ME)],
        row: &[("id", NEW), ("phone_number", "'$me new'"), ("name", "'n'")],
        odd: &[("an admin", &[("is_admin", "true")])],
    },
    Template {
        table: "webhook_inbox",
        whose: "id in (md5('$me report')::uuid, md5('$me old report')::uuid)",
        owner: ("digest", "'of $me'"),
        key: &[("id", "md5('$me report')::uuid")],
        row: &[("digest", "'of $me'"), ("body", "'b'")],
        odd: &[("processed before", &[("processed_at", "now()")])],
    },
];
