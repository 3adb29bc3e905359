//! Builds the control plane's programs, and keeps a cluster for demonstrations.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use podsec_control_plane::{
    Binaries, Error, GitopsTool, Program, flux_definitions, monitoring_definitions, standing,
};

/// A real Kubernetes control plane without containers.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build all programs that are not built yet, and print their paths
    Build {
        /// Those of Flux, Argo CD, Helm and krew as well, which only tests need
        #[arg(long)]
        gitops: bool,
    },
    /// Start a cluster that runs until `down`, and print how to reach it
    Up {
        /// Its folder; a fixed one in the cache unless given
        #[arg(long)]
        dir: Option<PathBuf>,
        /// How many nodes it has
        #[arg(long, default_value_t = 1)]
        nodes: usize,
    },
    /// End the cluster that `up` started, and remove its folder
    Down {
        /// Its folder; a fixed one in the cache unless given
        #[arg(long)]
        dir: Option<PathBuf>,
    },
    /// Print the folder of the programs that are built
    Paths,
    /// Build Helm if it is not built yet, and print its path
    Helm,
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = run(Arguments::parse().command).await;
    let told = match &done {
        Ok(text) => writeln!(io::stdout(), "{text}"),
        Err(error) => writeln!(io::stderr(), "podsec-control-plane: {error}"),
    };
    if done.is_ok() && told.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Does what is asked, and returns what to print.
async fn run(command: Command) -> Result<String, Error> {
    match command {
        Command::Build { gitops } => {
            let paths = tokio::task::spawn_blocking(move || build(gitops)).await??;
            let paths: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
            Ok(paths.join("\n"))
        }
        Command::Up { dir, nodes } => {
            let folder = dir.map_or_else(standing::default_folder, Ok)?;
            Ok(match standing::up(&folder, nodes).await? {
                standing::Up::RanAlready(path) => {
                    format!("# it is running already\nexport KUBECONFIG={}", quoted(&path))
                }
                standing::Up::Started(path) => format!("export KUBECONFIG={}", quoted(&path)),
            })
        }
        Command::Down { dir } => {
            let folder = dir.map_or_else(standing::default_folder, Ok)?;
            tokio::task::spawn_blocking(move || standing::down(&folder)).await??;
            Ok(String::from("the control plane is down"))
        }
        Command::Paths => Ok(Binaries::cache_folder()?.display().to_string()),
        Command::Helm => {
            let path = tokio::task::spawn_blocking(|| GitopsTool::Helm.ensure()).await??;
            Ok(path.display().to_string())
        }
    }
}

/// Builds what is not built yet, and returns where all of it is.
fn build(gitops: bool) -> Result<Vec<PathBuf>, Error> {
    let binaries = Binaries::ensure(&Program::ALL)?;
    let mut paths = Program::ALL.map(|program| binaries.path(program)).to_vec();
    if gitops {
        for tool in GitopsTool::ALL {
            paths.push(tool.ensure()?);
        }
        paths.push(flux_definitions()?);
        paths.push(monitoring_definitions()?);
    }
    Ok(paths)
}

/// For a shell that evaluates the line.
fn quoted(path: &std::path::Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}
