//! An answer's content into the caller's sink, as it comes.

use super::Call;
use crate::http::Sent;
use crate::http::failure::{Failure, FailureKind};
use crate::http::transport::Body;

impl Call<'_> {
    /// Hands all of the content over.
    ///
    /// # Errors
    /// When it breaks off, is larger than its cap, or cannot be taken.
    pub(super) async fn pour(&self, mut body: Body, sink: usize) -> Result<(), Failure> {
        while let Some(piece) = body.chunk().await? {
            // From here on a second attempt would write the beginning once more.
            self.has_poured.set(true);
            let written = self.asks.write(sink, piece).await;
            written.map_err(|reason| Failure::new(FailureKind::BadRequest, Sent::Yes, reason))?;
        }
        Ok(())
    }
}
