//! Waiting for several things at once, within one task: none outlives whoever waits.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

/// What all of these come to, in their order.
pub(super) async fn together<F: Future>(mut futures: Vec<Pin<Box<F>>>) -> Vec<F::Output> {
    let mut ready: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (future, ready) in futures.iter_mut().zip(&mut ready) {
            if ready.is_none()
                && let Poll::Ready(output) = future.as_mut().poll(context)
            {
                *ready = Some(output);
            }
        }
        if ready.iter().all(Option::is_some) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    ready.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn what_ends_first_waits_for_the_rest_and_keeps_its_place() {
        let (first, one) = oneshot::channel();
        let (second, two) = oneshot::channel();
        let all = together(vec![Box::pin(one), Box::pin(two)]);
        let begin = async {
            second.send(2).unwrap();
            tokio::task::yield_now().await;
            first.send(1).unwrap();
        };
        let (all, ()) = tokio::join!(all, begin);
        assert_eq!(all, [Ok(1), Ok(2)]);
        assert!(
            together(Vec::<Pin<Box<std::future::Ready<()>>>>::new())
                .await
                .is_empty()
        );
    }
}
