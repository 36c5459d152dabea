//! What the stand-in finds in documents, and how it says it.

use std::io::{Cursor, Write as _};

use pdf_extract::{
    Document, Object, Stream,
    content::{Content, Operation},
    dictionary,
};
use serde_json::{Value, json};
use zip::{ZipWriter, write::SimpleFileOptions};

use super::{Bench, file_search, message, skipped};

const BUDGET: &str = "El presupuesto de publicidad para el segundo semestre es de 4.500 euros y lo revisa la tutora.";
const OTHERS: &str = "La cooperativa vende pan artesano. Los clientes son familias del barrio.";
const QUESTION: &str = "¿cual es el PRESUPUESTÓ de publicidád del segundo semestre?";

/// The text as a hard-wrapped paragraph below a heading.
fn plain() -> Vec<u8> {
    let wrapped = BUDGET.replacen(" para ", "\npara ", 1).replacen(" y lo ", "\ny lo ", 1);
    format!("PLAN DE NEGOCIO\n\n{OTHERS}\n\n{wrapped}\n").into_bytes()
}

fn markdown() -> Vec<u8> {
    format!("# Plan\n\n## Quiénes somos\n\n{OTHERS}\n\n## Presupuesto\n\n{BUDGET}\n").into_bytes()
}

/// A page with lines as a word processor places them.
fn pdf() -> Vec<u8> {
    let line = |size: i64, y: i64, text: &str| {
        let latin: Vec<u8> =
            text.chars().map(|it| u8::try_from(u32::from(it)).unwrap_or(b'?')).collect();
        vec![
            Operation::new("BT", vec![]),
            Operation::new("Tf", vec!["F1".into(), size.into()]),
            Operation::new("Td", vec![72.into(), y.into()]),
            Operation::new("Tj", vec![Object::string_literal(latin)]),
            Operation::new("ET", vec![]),
        ]
    };
    let (first, second) = BUDGET.split_at(BUDGET.find("para").expect("a place to break"));
    let lines = [
        line(18, 750, "Plan de negocio"),
        line(11, 700, OTHERS),
        line(11, 660, first),
        line(11, 646, second),
    ];
    let content = Content { operations: lines.concat() };
    let mut document = Document::with_version("1.5");
    let pages = document.new_object_id();
    let font = document.add_object(dictionary! {
        "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica", "Encoding" => "WinAnsiEncoding",
    });
    let resources = document.add_object(dictionary! { "Font" => dictionary! { "F1" => font } });
    let stream = Stream::new(dictionary! {}, content.encode().expect("content"));
    let stream = document.add_object(stream);
    let page = document.add_object(dictionary! {
        "Type" => "Page", "Parent" => pages, "Contents" => stream, "Resources" => resources,
        "MediaBox" => vec![0.into(), 0.into(), 595.into(), 842.into()],
    });
    let tree = dictionary! { "Type" => "Pages", "Kids" => vec![page.into()], "Count" => 1 };
    document.objects.insert(pages, Object::Dictionary(tree));
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => pages });
    document.trailer.set("Root", catalog);
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).expect("a document");
    bytes
}

fn docx() -> Vec<u8> {
    let paragraph = |text: &str| format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>");
    let heading =
        "<w:p><w:pPr><w:pStyle w:val=\"Heading1\"/></w:pPr><w:r><w:t>Plan</w:t></w:r></w:p>";
    let xml = format!(
        "<?xml version=\"1.0\"?><w:document xmlns:w=\"w\"><w:body>{heading}{}{}</w:body></w:document>",
        paragraph(OTHERS),
        paragraph(&BUDGET.replacen(" de ", " </w:t></w:r><w:r><w:t xml:space=\"preserve\">de ", 1)),
    );
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("word/document.xml", SimpleFileOptions::default()).expect("an entry");
    archive.write_all(xml.as_bytes()).expect("bytes");
    archive.finish().expect("an archive").into_inner()
}

/// What stands between the first pair of quotation marks.
fn first_quote(text: &str) -> Option<&str> {
    Some(text.split_once('«')?.1.split_once('»')?.0)
}

#[tokio::test]
async fn every_kind_of_document_is_quoted_and_cited() {
    for (filename, bytes) in
        [("plan.txt", plain()), ("plan.md", markdown()), ("plan.pdf", pdf()), ("plan.docx", docx())]
    {
        let bench = Bench::start();
        let store = bench.store_with(&[(filename, bytes)]).await;
        let answer =
            bench.ask(json!({ "input": QUESTION, "tools": file_search(&store) })).await.ok();
        let (text, annotations) = message(&answer);
        assert_eq!(first_quote(&text), Some(BUDGET), "{filename}: {text}");
        assert!(text.contains("sustituto sin conexión"), "{text}");
        assert_eq!(annotations.len(), 1, "{annotations:?}");
        assert_eq!(annotations[0]["type"], "file_citation");
        assert_eq!(annotations[0]["filename"], filename);
        let index = annotations[0]["index"].as_u64().and_then(|it| usize::try_from(it).ok());
        let cited: String = text.chars().take(index.expect("an index")).collect();
        assert!(cited.ends_with('»'), "{cited}");
    }
}

#[tokio::test]
async fn the_questions_about_the_guide_are_answered_with_their_sentences() {
    let assets = concat!(env!("CARGO_MANIFEST_DIR"), "/../../xtask/assets");
    let read = |name: &str| std::fs::read(format!("{assets}/{name}"));
    let (Ok(guide), Ok(questions)) = (read("guia-participantes.pdf"), read("preguntas.json"))
    else {
        return skipped(&format!("{assets} has no guide"));
    };
    let questions: Vec<Value> = serde_json::from_slice(&questions).expect("questions");
    let bench = Bench::start();
    let store = bench.store_with(&[("guia-participantes.pdf", guide)]).await;
    for question in questions {
        let fields = json!({ "input": question["pregunta"], "tools": file_search(&store) });
        let (text, _) = message(&bench.ask(fields).await.ok());
        assert_eq!(first_quote(&text), question["frase"].as_str(), "{text}");
    }
}

#[tokio::test]
async fn without_a_match_it_says_so_and_cites_nothing() {
    let bench = Bench::start();
    let store = bench.store_with(&[("plan.md", markdown())]).await;
    let fields =
        json!({ "input": "¿Quién ganó el mundial de fútbol?", "tools": file_search(&store) });
    let (text, annotations) = message(&bench.ask(fields).await.ok());
    assert!(text.contains("no encontré nada") && annotations.is_empty(), "{text}");
    let (text, _) = message(&bench.ask(json!({ "input": "¿Qué es un presupuesto?" })).await.ok());
    assert!(text.contains("sin documentos no sé nada"), "{text}");
}

#[tokio::test]
async fn results_are_handed_out_on_request() {
    let bench = Bench::start();
    let store = bench.store_with(&[("plan.md", markdown())]).await;
    let mut fields = json!({ "input": QUESTION, "tools": file_search(&store) });
    let call = |response: &Value| response["output"][0].clone();
    let without = call(&bench.ask(fields.clone()).await.ok());
    assert_eq!((&without["type"], &without["results"]), (&json!("file_search_call"), &Value::Null));
    assert_eq!(without["queries"], json!([QUESTION]));

    fields["include"] = json!(["file_search_call.results"]);
    let with = call(&bench.ask(fields.clone()).await.ok());
    assert_eq!(with["results"][0]["text"], BUDGET);
    assert_eq!(with["results"][0]["filename"], "plan.md");
    assert!(with["results"][0]["score"].as_f64().is_some_and(|it| (0.0..=1.0).contains(&it)));

    fields["tool_choice"] = json!("none");
    assert_eq!(call(&bench.ask(fields).await.ok())["type"], "message");
}

#[tokio::test]
async fn a_filter_keeps_foreign_documents_out() {
    let bench = Bench::start();
    let store = bench.store_with(&[("plan.md", markdown())]).await;
    let mut tools = file_search(&store);
    tools[0]["filters"] = json!({ "type": "eq", "key": "user_id", "value": "ana" });
    let (text, _) = message(&bench.ask(json!({ "input": QUESTION, "tools": tools })).await.ok());
    assert_eq!(first_quote(&text), None, "{text}");
    assert_eq!(bench.openai.searched_stores(), [[store].into()]);
}

#[tokio::test]
async fn a_document_can_come_with_the_question() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    let bench = Bench::start();
    let file = bench.upload("plan.pdf", pdf()).await;
    let ask = |part: Value| {
        let text = json!({ "type": "input_text", "text": QUESTION });
        json!({ "input": [{ "role": "user", "content": [text, part] }] })
    };
    let by_id = bench.ask(ask(json!({ "type": "input_file", "file_id": file }))).await.ok();
    let (text, annotations) = message(&by_id);
    assert_eq!((first_quote(&text), annotations.len()), (Some(BUDGET), 1), "{text}");

    let data = format!("data:text/markdown;base64,{}", STANDARD.encode(markdown()));
    let part = json!({ "type": "input_file", "filename": "plan.md", "file_data": data });
    let (text, annotations) = message(&bench.ask(ask(part)).await.ok());
    assert_eq!((first_quote(&text), annotations.len()), (Some(BUDGET), 0), "{text}");
    let gone = bench.ask(ask(json!({ "type": "input_file", "file_id": "file-0" }))).await;
    assert_eq!(gone.error().0, 404);
}

#[tokio::test]
async fn a_question_without_words_means_the_one_before() {
    let bench = Bench::start();
    let store = bench.store_with(&[("plan.md", markdown())]).await;
    let first = bench.ask(json!({ "input": QUESTION, "tools": file_search(&store) })).await.ok();
    let fields = json!({
        "input": "¿Y eso?", "tools": file_search(&store), "previous_response_id": first["id"],
    });
    let (text, _) = message(&bench.ask(fields).await.ok());
    assert_eq!(first_quote(&text), Some(BUDGET), "{text}");
}

#[tokio::test]
async fn english_is_answered_in_english() {
    let bench = Bench::start();
    let text = b"The company sells bread. The rent of the shop is 900 euros a month.".to_vec();
    let store = bench.store_with(&[("plan.txt", text)]).await;
    let fields = json!({ "input": "How much is the rent?", "tools": file_search(&store) });
    let (text, _) = message(&bench.ask(fields).await.ok());
    assert!(text.contains("offline stand-in"), "{text}");
    assert_eq!(first_quote(&text), Some("The rent of the shop is 900 euros a month."));
}
