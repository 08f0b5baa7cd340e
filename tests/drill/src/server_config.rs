//! Configuration of nginx and php-fpm for one site: loopback, one directory, four workers.

use std::path::{Path, PathBuf};

use crate::failure::{Doing, Outcome};

/// Workers of php-fpm.
const FPM_WORKERS: u32 = 4;
/// A path of a Unix socket has room for 107 bytes.
const SOCKET_PATH_BYTES: usize = 107;

/// The files that were written.
pub struct Files {
    pub fpm: PathBuf,
    pub nginx: PathBuf,
}

/// Writes both files into `dir`.
pub fn write(dir: &Path, port: u16, app: &Path) -> Outcome<Files> {
    // SAFETY: a system call without arguments that cannot fail.
    let is_root = unsafe { libc::geteuid() } == 0;
    let socket = socket_path(dir);
    let files = Files {
        fpm: dir.join("php-fpm.conf"),
        nginx: dir.join("nginx.conf"),
    };
    std::fs::write(&files.fpm, fpm(dir, &socket, is_root)).doing("writing php-fpm.conf")?;
    std::fs::write(&files.nginx, nginx(dir, &socket, port, app, is_root))
        .doing("writing nginx.conf")?;
    Ok(files)
}

/// Beside the site where the path is short enough, else in the system's temporary directory.
fn socket_path(dir: &Path) -> PathBuf {
    let beside = dir.join("fpm.sock");
    if beside.as_os_str().len() <= SOCKET_PATH_BYTES {
        return beside;
    }
    std::env::temp_dir().join(format!(
        "causeway-drill-{}-{}.sock",
        std::process::id(),
        dir.as_os_str().len()
    ))
}

fn fpm(dir: &Path, socket: &Path, is_root: bool) -> String {
    let user = if is_root {
        "user = root\ngroup = root\n"
    } else {
        ""
    };
    format!(
        "[global]\ndaemonize = no\nerror_log = {dir}/php-fpm-error.log\n\n[drill]\n{user}listen = {socket}\n\
         listen.backlog = 1024\npm = static\npm.max_children = {FPM_WORKERS}\ncatch_workers_output = yes\n\
         decorate_workers_output = no\n",
        dir = dir.display(),
        socket = socket.display()
    )
}

fn nginx(dir: &Path, socket: &Path, port: u16, app: &Path, is_root: bool) -> String {
    let user = if is_root { "user root;\n" } else { "" };
    let temp: String = ["client_body", "fastcgi", "proxy", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("  {kind}_temp_path {}/temp/{kind};\n", dir.display()))
        .collect();
    let params: String = [
        (
            "SCRIPT_FILENAME",
            format!("{}/public/index.php", app.display()),
        ),
        ("SCRIPT_NAME", "/index.php".to_owned()),
        ("DOCUMENT_ROOT", format!("{}/public", app.display())),
        ("DRILL_CONFIG", format!("{}/config.json", dir.display())),
        ("REQUEST_URI", "$request_uri".to_owned()),
        ("QUERY_STRING", "$query_string".to_owned()),
        ("REQUEST_METHOD", "$request_method".to_owned()),
        ("CONTENT_TYPE", "$content_type".to_owned()),
        ("CONTENT_LENGTH", "$content_length".to_owned()),
        ("SERVER_PROTOCOL", "$server_protocol".to_owned()),
        ("REMOTE_ADDR", "$remote_addr".to_owned()),
        ("HTTP_HOST", "$http_host".to_owned()),
    ]
    .iter()
    .map(|(name, value)| format!("      fastcgi_param {name} \"{value}\";\n"))
    .collect();
    format!(
        "{user}worker_processes 1;\ndaemon off;\npid {dir}/nginx.pid;\nerror_log {dir}/nginx-error.log;\n\
         events {{ worker_connections 512; }}\nhttp {{\n  access_log off;\n  keepalive_requests 1000000;\n{temp}\
         \x20 server {{\n    listen 127.0.0.1:{port} backlog=1024;\n    client_max_body_size 2m;\n    location / {{\n\
         {params}      fastcgi_pass unix:{socket};\n    }}\n  }}\n}}\n",
        dir = dir.display(),
        socket = socket.display(),
    )
}
