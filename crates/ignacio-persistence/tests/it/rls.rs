//! Role by table by operation: what the database lets each of its roles do to the rows and columns
//! of Ana and Ben, and which other rights a role has.
//!
//! Tables and columns come from the catalogue, the results from trying. The reviewed results are in
//! `rls_*.txt` next to this file; a new table, a new column or a different result fails here.

mod actors;
mod catalogue;
mod cells;
mod forgery;
mod matrix;
mod mutants;
mod powers;
mod prober;
mod reviewed;
mod templates;

use self::actors::ACTORS;
use self::catalogue::tables;
use self::matrix::{Rights, World};
use self::reviewed::compare;
use self::templates::TEMPLATES;
use ignacio_devstack::TestDatabase;
use sea_orm::{ConnectionTrait as _, Database, DbBackend, Statement};

#[tokio::test]
async fn rows_and_columns_are_as_reviewed() {
    let mut world = World::build(Rights::Granted).await;
    let cells = world.cells().await;
    println!("{} cells with the rights that the roles have", cells.len());
    assert!(cells.len() > ACTORS.len() * world.tables.len() * 18, "cells are missing");
    compare("rls_matrix.txt", &world.rows_text(&cells));
    compare("rls_columns.txt", &world.columns_text(&cells));
}

/// Column rights refuse much before a policy is evaluated. Here every right is granted, so that
/// each policy shows that it would refuse as well.
#[tokio::test]
async fn the_policies_alone_are_as_reviewed() {
    let mut world = World::build(Rights::All).await;
    let cells = world.cells().await;
    println!("{} cells with every right", cells.len());
    compare("rls_policies.txt", &world.rows_text(&cells));
}

#[tokio::test]
async fn other_rights_are_as_reviewed() {
    let mut world = World::build(Rights::Granted).await;
    let (text, n_cells) = powers::measure(&mut world).await;
    println!("{n_cells} cells about everything else");
    let text = format!("{text}{}", powers::functions(&world).await);
    compare("rls_powers.txt", &text);
}

#[tokio::test]
async fn the_deploying_role_sees_no_rows() {
    let world = World::build(Rights::Granted).await;
    let deployer = Database::connect(world.database.owner_url()).await.unwrap();
    for table in tables(&world.database).await {
        // The migrator's own logs belong to the owner and name no user.
        if ["seaql_migrations", "repeatable_scripts"].contains(&table.name.as_str()) {
            continue;
        }
        let read = format!("select 1 from {} limit 1", table.name);
        match deployer.query_one_raw(Statement::from_string(DbBackend::Postgres, read)).await {
            Ok(row) => assert!(row.is_none(), "{}", table.name),
            Err(error) => assert!(error.to_string().contains("permission denied"), "{error}"),
        }
    }
}

#[tokio::test]
async fn every_table_has_one_template() {
    let database = TestDatabase::create().await;
    let tables: Vec<_> = tables(&database).await.into_iter().map(|it| it.name).collect();
    let templates: Vec<_> = TEMPLATES.iter().map(|it| it.table).collect();
    assert_eq!(templates, tables, "tests/it/rls/templates.rs, in the order of the names");
}
