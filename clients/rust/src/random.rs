//! Random numbers: request ids, names, and jitter.

use std::time::Duration;

/// Returns a random UUID, of version 4.
pub(crate) fn request_id() -> String {
    let mut id: [u8; 16] = bytes();
    id[6] = id[6] & 0x0f | 0x40;
    id[8] = id[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (i, byte) in id.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// Returns a duration times a random factor.
pub(crate) fn jittered(duration: Duration, (least, most): (f64, f64)) -> Duration {
    let share = f64::from(u32::from_ne_bytes(bytes())) / f64::from(u32::MAX);
    duration.mul_f64(least + (most - least) * share)
}

fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has random numbers");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_is_a_uuid_of_version_4() {
        let id = request_id();
        assert_eq!(id.len(), 36, "{id}");
        assert_eq!(&id[14..15], "4", "{id}");
        assert_ne!(id, request_id());
    }

    #[test]
    fn jitter_stays_in_its_range() {
        let second = Duration::from_secs(1);
        for _ in 0..100 {
            let found = jittered(second, (0.8, 1.2)).as_secs_f64();
            assert!((0.8..=1.2).contains(&found), "{found}");
        }
    }
}
