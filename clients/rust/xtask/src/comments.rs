//! The comments of the protos, as rustdoc reads them.

use prost_types::FileDescriptorSet;

/// Fences the indented lines of comments: rustdoc would take them for Rust, and compile them.
pub fn fence(descriptors: &mut FileDescriptorSet) {
    let infos = descriptors
        .file
        .iter_mut()
        .filter_map(|file| file.source_code_info.as_mut());
    for location in infos.flat_map(|info| &mut info.location) {
        if let Some(comment) = &mut location.leading_comments {
            *comment = fenced(comment);
        }
    }
}

fn fenced(comment: &str) -> String {
    let mut lines = Vec::new();
    let mut inside = false;
    for line in comment.lines() {
        // Each line begins with the space after the slashes.
        let is_indented = line.starts_with("     ");
        if is_indented && !inside {
            lines.push(" ```text");
        } else if !is_indented && inside {
            lines.push(" ```");
        }
        inside = is_indented;
        lines.push(line);
    }
    if inside {
        lines.push(" ```");
    }
    lines.join("\n")
}
