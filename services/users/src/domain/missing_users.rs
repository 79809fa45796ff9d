//! Users who have a profile and are missing in the list of the user pool.

use uuid::Uuid;

/// The missing users, in the order in which they registered.
#[derive(Debug)]
pub(crate) struct MissingUsers {
    users: Vec<Uuid>,
    /// How many of them registered before every user that the pool knows.
    before_known: usize,
}

impl MissingUsers {
    /// Finds the missing users among `profiles`, which are in the order of registration.
    pub(crate) fn new(profiles: Vec<Uuid>, is_known: impl Fn(&Uuid) -> bool) -> Self {
        let first_known = profiles.iter().position(&is_known);
        let before_known = first_known.unwrap_or(profiles.len());
        Self { users: profiles.into_iter().filter(|user| !is_known(user)).collect(), before_known }
    }

    pub(crate) fn len(&self) -> usize {
        self.users.len()
    }

    /// Those who may be deleted: all, if they are not more than `max`.
    ///
    /// Of more, only those who registered after a user that the pool knows. A pool that replaced another one, or a wrong
    /// one, knows nobody who registered before it was created, and must not erase them.
    pub(crate) fn candidates(&self, max: usize) -> &[Uuid] {
        let first = if self.users.len() > max { self.before_known } else { 0 };
        &self.users[first..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(numbers: impl IntoIterator<Item = u128>) -> Vec<Uuid> {
        numbers.into_iter().map(Uuid::from_u128).collect()
    }

    fn missing(profiles: u128, known: &[u128]) -> MissingUsers {
        let known = users(known.iter().copied());
        MissingUsers::new(users(0..profiles), |user| known.contains(user))
    }

    #[test]
    fn a_few_missing_users_may_all_be_deleted() {
        assert_eq!(missing(5, &[3]).candidates(4), users([0, 1, 2, 4]));
        assert_eq!(missing(4, &[]).candidates(4), users(0..4));
        assert_eq!(missing(4, &[0, 1, 2, 3]).candidates(4), users([]));
    }

    #[test]
    fn of_many_missing_users_only_those_may_be_deleted_who_registered_after_a_known_one() {
        assert_eq!(missing(5, &[0]).candidates(3), users(1..5));
        assert_eq!(missing(6, &[2]).candidates(3), users(3..6), "those before may be of another pool");
        assert_eq!(missing(5, &[]).candidates(3), users([]), "another pool");
        assert_eq!(missing(5, &[4]).candidates(3), users([]), "a new pool with one user");
    }
}
