//! Compiles the words of the console in, from `locales/`.

use std::{env, error::Error, fs, path::Path};

use leptos_i18n_codegen::gen_code;
use leptos_i18n_parser::parse_locales::{
    options::{Config, ParseOptions},
    parse_locales,
};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../locales");
    let config = Config::new("en")?
        .add_locale("de")?
        .locales_path("../locales")
        .parse_options(ParseOptions::default().interpolate_display(true));
    let locales = parse_locales(None, config)?;
    let code = gen_code(&locales, None, false, None, false)?;
    let out = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    fs::write(Path::new(&out).join("translations.rs"), code.to_string())?;
    Ok(())
}
