//! Lists that are read page by page.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::Error;

type Fetched<T> = Pin<Box<dyn Future<Output = Result<(Vec<T>, String), Error>> + Send>>;

/// The entries of a list, which are read page by page as they are needed.
pub struct Pages<T> {
    /// Returns the page of a token, and the token of the following one.
    fetch: Box<dyn FnMut(String) -> Fetched<T> + Send>,
    entries: VecDeque<T>,
    /// None after the last page.
    token: Option<String>,
}

impl<T> Pages<T> {
    pub(crate) fn new<F>(mut fetch: impl FnMut(String) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<(Vec<T>, String), Error>> + Send + 'static,
    {
        Self {
            fetch: Box::new(move |token| Box::pin(fetch(token))),
            entries: VecDeque::new(),
            token: Some(String::new()),
        }
    }

    /// Returns the next entry; none after the last one. After an error the same page is read again.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        // An empty page is not the last one; one without a token is.
        while self.entries.is_empty() {
            match (self.fetch)(self.token.clone()?).await {
                Ok((entries, following)) => {
                    self.entries = entries.into();
                    self.token = Some(following).filter(|token| !token.is_empty());
                }
                Err(error) => return Some(Err(error)),
            }
        }
        self.entries.pop_front().map(Ok)
    }

    /// Returns all entries that are left.
    ///
    /// # Errors
    ///
    /// The error of a page that could not be read.
    pub async fn collect(mut self) -> Result<Vec<T>, Error> {
        let mut all = Vec::new();
        while let Some(entry) = self.next().await {
            all.push(entry?);
        }
        Ok(all)
    }
}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_empty_page_is_not_the_last_one() {
        let pages = Pages::new(|token: String| async move {
            Ok(match token.as_str() {
                "" => (vec![0], "a".to_owned()),
                "a" => (vec![], "b".to_owned()),
                _ => (vec![1], String::new()),
            })
        });
        assert_eq!(pages.collect().await.expect("all pages"), [0, 1]);
    }
}
