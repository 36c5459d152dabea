//! PDF documents: text in the order in which it is painted, cut into lines and paragraphs by
//! where it stands on the page.

use std::collections::{HashMap, HashSet};

use lopdf::{Dictionary, Document, Object, ObjectId, content::Content, content::Operation};

use crate::openai::reading::{
    Unreadable,
    pdf_font::{Font, MOST, number},
};

/// Forms may show forms, this deep.
const DEPTH: u32 = 4;

/// A gap of this share of the font size is a space.
const SPACE: f64 = 0.17;

/// The paragraphs of all pages.
pub(crate) fn read(bytes: &[u8]) -> Result<String, Unreadable> {
    let document = Document::load_mem(bytes)
        .map_err(|error| Unreadable::invalid(format!("The PDF is damaged ({error}).")))?;
    if document.is_encrypted() {
        return Err(Unreadable::invalid("The PDF is encrypted."));
    }
    let mut pages: Vec<Vec<Line>> =
        document.page_iter().map(|it| page_lines(&document, it)).collect();
    drop_running_lines(&mut pages);
    let body = body_size(&pages);
    let mut text = String::new();
    for lines in &pages {
        write_page(&mut text, lines, body);
    }
    Ok(text)
}

/// A line of text and where it stands.
struct Line {
    text: String,
    top: f64,
    size: f64,
}

fn page_lines(document: &Document, page: ObjectId) -> Vec<Line> {
    let mut painter = Painter::new(document);
    let fonts = document.get_page_fonts(page).unwrap_or_default();
    let content = document.get_page_content_with_limit(page, MOST).unwrap_or_default();
    let (own, inherited) = document.get_page_resources(page).unwrap_or_default();
    let parents = inherited.iter().filter_map(|it| document.get_dictionary(*it).ok());
    let resources: Vec<&Dictionary> = own.into_iter().chain(parents).collect();
    painter.paint(&content, &fonts.into_iter().collect(), &resources, DEPTH);
    painter.lines
}

/// Takes out the lines that most pages repeat, but for their numbers: headers and footers.
fn drop_running_lines(pages: &mut [Vec<Line>]) {
    let bare = |line: &Line| -> String {
        line.text.chars().filter(|it| !it.is_ascii_digit() && !it.is_whitespace()).collect()
    };
    let mut pages_with: HashMap<String, usize> = HashMap::new();
    for page in pages.iter() {
        for text in page.iter().map(bare).collect::<HashSet<_>>() {
            *pages_with.entry(text).or_default() += 1;
        }
    }
    let many = (pages.len() / 2 + 1).max(3);
    for page in pages.iter_mut() {
        page.retain(|line| pages_with.get(&bare(line)).is_none_or(|it| *it < many));
    }
}

/// The size that most letters have.
fn body_size(pages: &[Vec<Line>]) -> f64 {
    let mut sizes: Vec<(f64, usize)> = Vec::new();
    for line in pages.iter().flatten() {
        let letters = line.text.len();
        match sizes.iter_mut().find(|(size, _)| (size - line.size).abs() < 0.3) {
            Some((_, sum)) => *sum += letters,
            None => sizes.push((line.size, letters)),
        }
    }
    sizes.into_iter().max_by_key(|(_, letters)| *letters).map_or(0.0, |(size, _)| size)
}

/// Writes lines so that paragraphs stand apart and larger print is marked as a heading.
fn write_page(text: &mut String, lines: &[Line], body: f64) {
    let usual = usual_step(lines);
    let mut last: Option<&Line> = None;
    for line in lines.iter().filter(|it| !it.text.trim().is_empty()) {
        let step = last.map_or(f64::MAX, |it| it.top - line.top);
        let has_same_size = last.is_some_and(|it| (it.size - line.size).abs() < 0.6);
        let is_next = has_same_size && step > 0.0 && step < usual * 1.3 + 0.5;
        text.push_str(if is_next { "\n" } else { "\n\n" });
        if line.size > body * 1.12 {
            text.push_str("# ");
        }
        text.push_str(line.text.trim());
        last = Some(line);
    }
    text.push_str("\n\n");
}

/// The usual distance between two lines: the median of those that go down the page.
fn usual_step(lines: &[Line]) -> f64 {
    let pairs = lines.iter().zip(lines.iter().skip(1));
    let mut steps: Vec<f64> = pairs.map(|(a, b)| a.top - b.top).filter(|it| *it > 0.0).collect();
    steps.sort_by(f64::total_cmp);
    steps.get(steps.len() / 2).copied().unwrap_or_default()
}

/// Where letters stand and how large they are.
#[derive(Clone, Copy)]
struct Matrix {
    across: (f64, f64),
    up: (f64, f64),
    origin: (f64, f64),
}

impl Matrix {
    const UNIT: Self = Self::moved(0.0, 0.0);

    const fn moved(x: f64, y: f64) -> Self {
        Self { across: (1.0, 0.0), up: (0.0, 1.0), origin: (x, y) }
    }

    fn from_operands(operands: &[Object]) -> Self {
        let mut numbers = operands.iter().map(number);
        let mut pair = || (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
        Self { across: pair(), up: pair(), origin: pair() }
    }

    /// First this one, then the other.
    fn then(self, other: Self) -> Self {
        let turn = |(x, y): (f64, f64)| {
            (x * other.across.0 + y * other.up.0, x * other.across.1 + y * other.up.1)
        };
        let (x, y) = turn(self.origin);
        Self {
            across: turn(self.across),
            up: turn(self.up),
            origin: (x + other.origin.0, y + other.origin.1),
        }
    }
}

/// Follows the painting of a page and notes the text.
struct Painter<'a> {
    document: &'a Document,
    lines: Vec<Line>,
    canvas: Matrix,
    saved: Vec<Matrix>,
    line_start: Matrix,
    pen: Matrix,
    size: f64,
    leading: f64,
    letter_gap: f64,
    word_gap: f64,
    end: Option<(f64, f64)>,
}

impl<'a> Painter<'a> {
    fn new(document: &'a Document) -> Self {
        Self {
            document,
            lines: Vec::new(),
            canvas: Matrix::UNIT,
            saved: Vec::new(),
            line_start: Matrix::UNIT,
            pen: Matrix::UNIT,
            size: 1.0,
            leading: 0.0,
            letter_gap: 0.0,
            word_gap: 0.0,
            end: None,
        }
    }

    fn paint(
        &mut self,
        content: &[u8],
        fonts: &HashMap<Vec<u8>, &'a Dictionary>,
        resources: &[&'a Dictionary],
        depth: u32,
    ) {
        let Ok(content) = Content::decode(content) else { return };
        let read = |(name, font): (&Vec<u8>, &&'a Dictionary)| {
            (name.clone(), Font::read(self.document, font))
        };
        let fonts: HashMap<Vec<u8>, Font<'a>> = fonts.iter().map(read).collect();
        let mut font = None;
        for operation in &content.operations {
            match operation.operator.as_str() {
                "Tf" => {
                    let name = operation.operands.first().and_then(|it| it.as_name().ok());
                    font = name.and_then(|it| fonts.get(it));
                    self.size = operand(operation, 1);
                }
                "Do" if depth > 0 => self.paint_form(operation, resources, depth - 1),
                "Tj" | "TJ" | "'" | "\"" => self.show_all(operation, font),
                _ => self.place(operation),
            }
        }
    }

    /// Paints what a form shows in its own place.
    fn paint_form(&mut self, operation: &Operation, resources: &[&'a Dictionary], depth: u32) {
        let document = self.document;
        let name = operation.operands.first().and_then(|it| it.as_name().ok()).unwrap_or_default();
        let form = resources.iter().find_map(|it| {
            let forms = it.get_deref(b"XObject", document).ok()?.as_dict().ok()?;
            forms.get_deref(name, document).ok()?.as_stream().ok()
        });
        let Some(form) = form else { return };
        if form.dict.get(b"Subtype").and_then(Object::as_name).ok() != Some(b"Form") {
            return;
        }
        let Ok(content) = form.get_plain_content_with_limit(MOST) else { return };
        let own = form.dict.get_deref(b"Resources", document).and_then(Object::as_dict).ok();
        let fonts = own.map(|it| fonts_of(document, it)).unwrap_or_default();
        let outer = self.canvas;
        if let Ok(matrix) = form.dict.get_deref(b"Matrix", document).and_then(Object::as_array) {
            self.canvas = Matrix::from_operands(matrix).then(outer);
        }
        let inner: Vec<&Dictionary> = own.into_iter().chain(resources.iter().copied()).collect();
        self.paint(&content, &fonts, &inner, depth);
        self.canvas = outer;
    }

    /// Moves the pen or changes how it writes.
    fn place(&mut self, operation: &Operation) {
        let first = operand(operation, 0);
        match operation.operator.as_str() {
            "q" => self.saved.push(self.canvas),
            "Q" => self.canvas = self.saved.pop().unwrap_or(self.canvas),
            "cm" => self.canvas = Matrix::from_operands(&operation.operands).then(self.canvas),
            "BT" => self.put(Matrix::UNIT),
            "Tm" => self.put(Matrix::from_operands(&operation.operands)),
            "Td" => self.step(first, operand(operation, 1)),
            "TD" => {
                self.leading = -operand(operation, 1);
                self.step(first, operand(operation, 1));
            }
            "T*" => self.step(0.0, -self.leading),
            "TL" => self.leading = first,
            "Tc" => self.letter_gap = first,
            "Tw" => self.word_gap = first,
            _ => {}
        }
    }

    fn put(&mut self, matrix: Matrix) {
        self.line_start = matrix;
        self.pen = matrix;
    }

    fn step(&mut self, x: f64, y: f64) {
        self.put(Matrix::moved(x, y).then(self.line_start));
    }

    fn show_all(&mut self, operation: &Operation, font: Option<&Font<'a>>) {
        let Some(font) = font else { return };
        if matches!(operation.operator.as_str(), "'" | "\"") {
            self.step(0.0, -self.leading);
        }
        for shown in &operation.operands {
            match shown {
                Object::String(codes, _) => self.show(codes, font),
                Object::Array(parts) => {
                    for part in parts {
                        match part {
                            Object::String(codes, _) => self.show(codes, font),
                            kern => self.advance(-number(kern) / 1000.0 * self.size),
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn show(&mut self, codes: &[u8], font: &Font<'a>) {
        let Matrix { up, origin: (x, y), .. } = self.pen.then(self.canvas);
        let size = self.size.abs() * up.0.hypot(up.1);
        let text = font.text(codes);
        let is_same_line = self.end.is_some_and(|(_, top)| (top - y).abs() < size * 0.45);
        let gap = self.end.map_or(0.0, |(end, _)| x - end);
        match self.lines.last_mut() {
            // Something far to the left on the same height is another column or a new page.
            Some(line) if is_same_line && gap > -size * 3.0 => {
                if gap > size * SPACE && !line.text.ends_with(' ') && !text.starts_with(' ') {
                    line.text.push(' ');
                }
                line.text.push_str(&text);
            }
            _ => self.lines.push(Line { text, top: y, size }),
        }
        let (width, letters, spaces) = font.measure(codes);
        let gaps = self.letter_gap * f64::from(letters) + self.word_gap * f64::from(spaces);
        self.advance(width * self.size + gaps);
        self.end = Some((self.pen.then(self.canvas).origin.0, y));
    }

    fn advance(&mut self, width: f64) {
        self.pen = Matrix::moved(width, 0.0).then(self.pen);
    }
}

/// The fonts that a form brings along.
fn fonts_of<'a>(
    document: &'a Document,
    resources: &'a Dictionary,
) -> HashMap<Vec<u8>, &'a Dictionary> {
    let Ok(fonts) = resources.get_deref(b"Font", document).and_then(Object::as_dict) else {
        return HashMap::new();
    };
    let read = |(name, font): (&Vec<u8>, &'a Object)| {
        let (_, font) = document.dereference(font).ok()?;
        Some((name.clone(), font.as_dict().ok()?))
    };
    fonts.iter().filter_map(read).collect()
}

fn operand(operation: &Operation, index: usize) -> f64 {
    operation.operands.get(index).map(number).unwrap_or_default()
}
