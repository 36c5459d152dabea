//! Five users in random order, each trying everyone's resources: the database responds as a model
//! of ownership does, and resources of other users look absent.
//!
//! `OWNERSHIP_SEED` repeats a run, `OWNERSHIP_CALLS` makes it longer.

mod calls;
mod model;

use std::collections::BTreeMap;

use ignacio_domain::ids::FileId;
use ignacio_domain::phone::PhoneNumber;
use ignacio_persistence::{StoreError, UserScope};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use self::model::{FileState, Login, Model, ModelUser, sorted};
use crate::support::{Stack, User};

const N_USERS: usize = 5;
const CALLS: u64 = 1_000;

/// The database, the model, and a random generator.
struct Game {
    stack: Stack,
    phones: Vec<PhoneNumber>,
    ids: Vec<String>,
    model: Model,
    dice: StdRng,
    /// How often each call was made, and how often on a resource of the caller's own.
    made: BTreeMap<&'static str, [u64; 2]>,
}

#[tokio::test]
async fn the_database_agrees_with_the_ownership_model() {
    let seed = number("OWNERSHIP_SEED").unwrap_or_else(|| rand::rng().random());
    let calls = number("OWNERSHIP_CALLS").unwrap_or(CALLS);
    println!("to repeat: OWNERSHIP_SEED={seed} OWNERSHIP_CALLS={calls}");
    let mut game = Game::start(seed).await;
    for call in 1..=calls {
        println!("call {call}");
        game.call().await;
    }
    println!("calls, and those of them on something of one's own: {:?}", game.made);
    game.compare_rows().await;
    game.compare_lists().await;
    let (all, own) = game.made.values().fold((0, 0), |sum, it| (sum.0 + it[0], sum.1 + it[1]));
    println!("{all} calls, {own} of them on something of one's own");
    assert!(own > 0 && all > own, "the dice never aimed at one of the two kinds");
}

/// A worker sees every file and every vector store, because their rows are its jobs. What it reads
/// for a reply must name the user explicitly.
#[tokio::test]
async fn a_reply_uses_nothing_of_another_user() {
    let stack = Stack::start().await;
    let ben = stack.user("+573001110003").await;
    let ana = stack.user("+573001110002").await;
    let conversation = stack.conversation(&ana).await;
    let asked = stack.post(&ana, conversation.id, "hola").await.response.id;
    let job = stack.worker.reply_jobs().claim_by_id(&[asked], "1").await.unwrap().remove(0);
    let ids = ["file of Ben".to_owned(), "file of Ana".to_owned()];

    let bens = sync_document(&stack, &ben, "Ben").await;
    let scope = stack.worker.begin_reply(&job).await.unwrap().unwrap();
    assert_eq!(scope.vector_store().await.unwrap(), None);
    assert!(scope.files_by_provider_id(&ids).await.unwrap().is_empty());
    assert_eq!(scope.user().await.unwrap().id, ana.id);
    scope.commit().await.unwrap();

    let anas = sync_document(&stack, &ana, "Ana").await;
    let scope = stack.worker.begin_reply(&job).await.unwrap().unwrap();
    assert_eq!(scope.vector_store().await.unwrap().as_deref(), Some("store of Ana"));
    let found = scope.files_by_provider_id(&ids).await.unwrap();
    let found: Vec<_> = found.values().map(|(id, _)| *id).collect();
    assert_eq!(found, [anas]);
    assert_ne!(anas, bens);
}

/// A searchable document of a user, in the user's vector store.
async fn sync_document(stack: &Stack, user: &User, name: &str) -> FileId {
    let file = stack.file(user, "plan.pdf").await.id;
    for status in ["syncing", "synced"] {
        let write = format!(
            "update user_files set openai_sync_status = '{status}',
                 openai_file_id = 'file of {name}' where id = '{file}'"
        );
        stack.database.execute(&write).await;
    }
    let store = format!("store of {name}");
    stack.worker.file_jobs().adopt_vector_store(user.id, &store).await.unwrap();
    file
}

impl Game {
    async fn start(seed: u64) -> Self {
        let stack = Stack::start().await;
        let mut game = Self {
            stack,
            phones: Vec::new(),
            ids: Vec::new(),
            model: Model::default(),
            dice: StdRng::seed_from_u64(seed),
            made: BTreeMap::new(),
        };
        for number in 0..N_USERS {
            let user = game.stack.user(&format!("+57300111000{number}")).await;
            game.ids.push(user.id.to_string());
            game.phones.push(user.phone.clone());
            let name = "Ana Participante".to_owned();
            game.model.users.push(ModelUser { name, is_active: true });
            let id = game.stack.scope(&user).await.identity().session;
            let login = Login { owner: number, id, digest: user.digest, is_live: true };
            game.model.sessions.push(login);
        }
        game
    }

    async fn call(&mut self) {
        let who = self.dice.random_range(0..N_USERS);
        match self.dice.random_range(0..100) {
            0..8 => self.start_conversation(who).await,
            8..14 => self.find_conversation(who).await,
            14..21 => self.change_conversation(who).await,
            21..25 => self.delete_conversation(who).await,
            25..30 => self.list_conversations(who).await,
            30..37 => self.list_messages(who).await,
            37..50 => self.post(who).await,
            50..55 => self.find_message(who).await,
            55..60 => self.use_response(who).await,
            60..67 => self.reserve_file(who).await,
            67..73 => self.finish_file(who).await,
            73..78 => self.find_file(who).await,
            78..81 => self.delete_file(who).await,
            81..84 => self.abandon_file(who).await,
            84..88 => self.list_files(who).await,
            88..91 => self.list_sessions(who).await,
            91..93 => self.end_session(who).await,
            93..95 => self.rename_user(who).await,
            95..97 => self.finish_replies().await,
            _ => self.come_or_go(who).await,
        }
    }

    /// A scope of a user, if the model says that they get one.
    async fn scope(&self, who: usize) -> Option<UserScope> {
        let last = self.model.sessions.iter().rev().find(|it| it.owner == who).unwrap();
        let begun = self.stack.api.begin(&last.digest).await;
        if self.model.login(who).is_some() {
            return Some(begun.unwrap());
        }
        assert!(matches!(begun, Err(StoreError::Unauthenticated)), "{who} has no live session");
        None
    }

    fn note(&mut self, call: &'static str, is_own: bool) {
        let [all, own] = self.made.entry(call).or_default();
        *all += 1;
        *own += u64::from(is_own);
    }

    /// A worker finishes all requested replies.
    async fn finish_replies(&mut self) {
        self.stack
            .database
            .execute("update responses set state = 'completed' where state = 'queued'")
            .await;
        for post in &mut self.model.posts {
            post.is_running = false;
        }
    }

    /// A user without access gets it back; while all have access, one changes device or is
    /// deactivated.
    async fn come_or_go(&mut self, who: usize) {
        let out = (0..N_USERS).find(|it| self.model.login(*it).is_none());
        let who = out.unwrap_or(who);
        let live = self.model.sessions.iter().filter(|it| it.owner == who && it.is_live);
        if !self.model.users[who].is_active {
            self.set_active(who, true).await;
        } else if out.is_some() || (live.count() < 5 && self.dice.random_bool(0.5)) {
            let digest = self.stack.log_in(&self.phones[who]).await;
            let id = self.stack.api.verify_session(&digest).await.unwrap().session;
            self.model.sessions.push(Login { owner: who, id, digest, is_live: true });
        } else {
            self.set_active(who, false).await;
        }
    }

    async fn set_active(&mut self, who: usize, is_active: bool) {
        let write =
            format!("update users set is_active = {is_active} where id = '{}'", self.ids[who]);
        self.stack.database.execute(&write).await;
        self.model.users[who].is_active = is_active;
    }

    /// Every row of the database has the owner that the model says, and there are no other rows.
    async fn compare_rows(&self) {
        let owner = |who: usize| self.ids[who].as_str();
        let conversations = self.model.conversations.iter().filter(|it| it.is_live);
        let conversations = conversations.map(|it| format!("{} {}", it.id, owner(it.owner)));
        self.same_rows("select id || ' ' || user_id from conversations", conversations).await;
        let messages = self.model.posts.iter().filter(|it| it.is_live).flat_map(|it| {
            [it.question, it.reply]
                .map(|id| format!("{id} {} {}", owner(it.owner), it.conversation))
        });
        let read = "select concat_ws(' ', id, user_id, conversation_id) from messages";
        self.same_rows(read, messages).await;
        let files = self.model.files.iter().map(|it| {
            let is_gone = it.state == FileState::Deleted;
            format!("{} {} {}", it.id, owner(it.owner), if is_gone { "t" } else { "f" })
        });
        let read = "select concat_ws(' ', id, user_id, deleted_at is not null) from user_files";
        self.same_rows(read, files).await;
        let sessions = self.model.sessions.iter().filter(|it| it.is_live);
        let sessions = sessions.map(|it| format!("{} {}", it.id, owner(it.owner)));
        let read = "select id || ' ' || user_id from user_sessions where revoked_at is null";
        self.same_rows(read, sessions).await;
    }

    async fn same_rows(&self, read: &str, expected: impl Iterator<Item = String>) {
        let rows = self.stack.database.query_column(read).await.into_iter().flatten();
        assert_eq!(sorted(rows), sorted(expected), "{read}");
    }

    /// All users, reactivated and logged in, see exactly what is theirs.
    async fn compare_lists(&mut self) {
        while (0..N_USERS).any(|who| self.model.login(who).is_none()) {
            self.come_or_go(0).await;
        }
        for who in 0..N_USERS {
            self.list_conversations(who).await;
            self.list_files(who).await;
            self.list_sessions(who).await;
        }
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var_os(variable)?;
    Some(text.to_str().and_then(|it| it.parse().ok()).unwrap_or_else(|| panic!("{variable}")))
}
