//! Defects of other boot scripts that users have reported, each made to happen here: a test is named after the number
//! in the list of complaints. Those that a test of a part holds by the way are there: `cargo test complaint` runs all.

mod files;
mod names;
