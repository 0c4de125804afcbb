//! How fast a table is read, and what it holds: `cargo run --release --example read_speed -- FILE COLUMN...`.

use std::fs::File;
use std::path::Path;
use std::time::Instant;

use proofmark_tables::{Format, Limits, Source, Wanted, read};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().ok_or("name a file and its columns")?;
    let path = Path::new(&name);
    let format = Format::of(path).ok_or("the file's name does not end as that of a table")?;
    let wanted = arguments.fold(Wanted::none(), |wanted, column| wanted.required(column));
    for _ in 0..3 {
        let start = Instant::now();
        let table = read(Source::File(File::open(path)?), format, &wanted, &Limits::default(), &|_, _| {})?;
        let seconds = start.elapsed().as_secs_f64();
        report(&format!("{} rows in {seconds:.3} s, {} bytes of columns", table.rows(), table.held_bytes()));
        for (name, column) in table.columns() {
            report(&format!("  {name}: {}, {} missing, first {:?}", kind(column), column.missing(), column.cell(0)));
        }
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().filter(|line| line.starts_with("VmHWM")).for_each(report);
    Ok(())
}

fn kind(column: &proofmark_tables::Column) -> &'static str {
    use proofmark_tables::Column;
    match column {
        Column::Integers { .. } => "integers",
        Column::Numbers { .. } => "numbers",
        Column::Booleans { .. } => "truth values",
        Column::Texts(_) => "texts",
    }
}

#[expect(clippy::print_stdout, reason = "an example says what it measured")]
fn report(line: &str) {
    println!("{line}");
}
