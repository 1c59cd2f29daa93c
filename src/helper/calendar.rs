//! Times as people write them, in UTC. Knows no time zones.

/// Year, month, day, hour, minute and second of so many seconds since 1970.
pub(super) fn civil(seconds: i64) -> [i64; 6] {
    let (day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Howard Hinnant's days to civil: years begin in March, eras have 400 of them.
    let day = day + 719_468;
    let (era, day) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    [year + era * 400 + i64::from(month <= 2), month, day, second / 3600, second / 60 % 60, second % 60]
}

#[cfg(test)]
mod tests {
    use super::civil;

    #[test]
    fn times_are_those_of_date() {
        for (seconds, time) in [
            (0, [1970, 1, 1, 0, 0, 0]),
            (951_782_399, [2000, 2, 28, 23, 59, 59]),
            (951_782_400, [2000, 2, 29, 0, 0, 0]),
            (1_795_342_511, [2026, 11, 22, 10, 15, 11]),
            (4_107_542_400, [2100, 3, 1, 0, 0, 0]),
            (-1, [1969, 12, 31, 23, 59, 59]),
        ] {
            assert_eq!(civil(seconds), time);
        }
    }
}
