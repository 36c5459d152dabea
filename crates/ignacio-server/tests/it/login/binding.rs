//! A code works only for the challenge that it was sent for.

use ignacio_devstack::scale;
use reqwest::StatusCode;

use super::{AT_ONCE, Login, MANY_CLIENTS, each, phone};
use crate::stack::{SERVE, SERVE_WITH_WORKER, Stack};

#[tokio::test]
async fn another_challenges_code_is_refused_and_the_own_one_accepted() {
    let n_users = scale(40, 200);
    let stack = Stack::start_replicas(&[SERVE_WITH_WORKER, SERVE], MANY_CLIENTS).await;
    stack.create_users(n_users).await;
    let logins = stack.send_codes(2, (0..n_users).map(phone).collect()).await;

    let tried = each(0..n_users, AT_ONCE, async |n| {
        let own = &logins[n];
        // Two of a million codes may be equal by chance.
        let others = logins.iter().cycle().skip(n + 1);
        let neighbour = others.take(n_users).find(|it| it.code != own.code).unwrap();
        let foreign = stack.redeem_code_at(n % 2, &own.challenge, &neighbour.code).await.status();
        let elsewhere = stack.redeem_code_at((n + 1) % 2, &own.challenge, &own.code).await.status();
        (foreign, elsewhere)
    });
    let tried = tried.await;
    let foreign = tried.iter().filter(|it| it.0 == StatusCode::UNAUTHORIZED).count();
    let own = tried.iter().filter(|it| it.1 == StatusCode::CREATED).count();
    println!("A8: {n_users} numbers: {foreign} foreign codes refused, {own} own ones taken");
    assert_eq!((foreign, own), (n_users, n_users));
}

#[tokio::test]
async fn codes_of_one_number_are_not_interchangeable() {
    const CHALLENGES: usize = 5;
    let stack = Stack::start_replicas(&[SERVE_WITH_WORKER, SERVE], MANY_CLIENTS).await;
    stack.create_users(CHALLENGES).await;
    // A login voids the number's other codes, so each of the five is tried first once.
    for turn in (0..CHALLENGES).step_by(scale(3, 1)) {
        let mut logins: Vec<Login> = Vec::new();
        while logins.len() < CHALLENGES {
            stack.reset_rate_limits().await;
            let login = stack.send_codes(2, vec![phone(turn)]).await.remove(0);
            // Two of a million codes may be equal by chance.
            if logins.iter().all(|it| it.code != login.code) {
                logins.push(login);
            }
        }
        for (n, own) in logins.iter().enumerate() {
            let neighbour = &logins[(n + 1) % CHALLENGES];
            let foreign = stack.redeem_code_at(n % 2, &own.challenge, &neighbour.code).await;
            assert_eq!(foreign.status(), StatusCode::UNAUTHORIZED);
        }
        stack.log_in_at(0, &logins[turn]).await;
        for other in logins.iter().filter(|it| it.challenge != logins[turn].challenge) {
            let void = stack.redeem_code_at(1, &other.challenge, &other.code).await;
            assert_eq!(void.status(), StatusCode::UNAUTHORIZED);
        }
    }
}
