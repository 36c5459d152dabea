//! The import parses phone numbers as the domain does.

use ignacio_domain::phone::PhoneNumber;

use crate::support::LegacyDatabase;

/// Phone numbers as users type them, and texts that are none.
const ODD: [&str; 44] = [
    "+573001110001",
    " +57 300 111 0002 ",
    "57.300.111.0003",
    "0057 300 111 0004",
    "(+57) 300-111-0005",
    "(+57) 300-111/0005",
    "(57)(300)1110020",
    "+57 (0)300 111 0021",
    "(57)(0)3001110022",
    "(0057) 300 111 0023",
    "+57 (300 111 0024",
    "57) 300 111 0025",
    "57 () 300 111 0026",
    "（+57）300\u{ff0d}111\u{ff0e}0027",
    "+57\u{ad}300\u{61c}1110028",
    "+57\u{a0}300\u{202f}1110006",
    "\u{202a}+573001110007\u{202c}",
    "+５７３００１１１０００８",
    "٥٧٣٠٠١١١٠٠٠٩",
    "۵۷۳۰۰۱۱۱۰۰۱۰",
    "＋573001110011",
    "++573001110012",
    "+0057300111013",
    "5+73001110014",
    "12345",
    "123456",
    "1234567",
    "123456789012345",
    "1234567890123456",
    "0300111001",
    "+0",
    "",
    "   ",
    "ana",
    "+57x300",
    "\t573001110015\n",
    "+",
    "00",
    "0057",
    "300 111 0016\u{2003}",
    "573001110017\u{200b}",
    "57_300_111",
    "+57–300–1110018",
    "57 300 111 0019 ext",
];

#[tokio::test]
async fn phone_numbers_are_parsed_as_in_the_domain() {
    let old = LegacyDatabase::empty().await;
    old.run("create table users (id uuid primary key, phone_number text, name text)").await;
    for (n, number) in ODD.iter().enumerate() {
        let row = format!(
            "insert into users values ('a0000000-0000-4000-8000-{n:012}', '{number}', 'n')"
        );
        old.database.execute(&row).await;
    }
    old.import().await;
    for (n, number) in ODD.iter().enumerate() {
        let read =
            format!("select phone_number from users where id = 'a0000000-0000-4000-8000-{n:012}'");
        let stored = old.all(&read).await;
        match PhoneNumber::parse(number) {
            Ok(parsed) => assert_eq!(stored, parsed.expose(), "{number:?}"),
            Err(error) => assert!(stored.starts_with("+0"), "{number:?}: {stored}, {error}"),
        }
    }
}
