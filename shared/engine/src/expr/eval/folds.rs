//! Macros over lists and keys.

use super::{Evaluator, Frame, Result};
use crate::expr::EvaluationError;
use crate::expr::ir::{Fold, FoldKind, Node};
use crate::expr::value::Value;

impl<'a> Evaluator<'a> {
    pub(super) fn fold(&self, fold: &'a Fold, frame: Option<&Frame<'_, 'a>>) -> Result<Value<'a>> {
        let range = self.value(&fold.range, frame)?;
        let elements = match range.keys() {
            Some(keys) => keys,
            None => range.elements()?,
        };
        let each = Each {
            evaluator: self,
            fold,
            frame,
        };
        match fold.kind {
            FoldKind::All => each.decided(elements, false),
            FoldKind::Exists => each.decided(elements, true),
            FoldKind::ExistsOne => each.one(elements),
            FoldKind::Filter => each.filtered(elements),
            FoldKind::Map => each.mapped(elements),
        }
    }

    /// Spends fuel: no input may keep an evaluation busy for long.
    pub(super) fn burn(&self, units: usize) -> Result<()> {
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        let Some(left) = self.fuel.get().checked_sub(units) else {
            let reason = "the expression visits too many elements";
            return Err(EvaluationError::Domain(reason.to_owned()));
        };
        self.fuel.set(left);
        Ok(())
    }
}

/// One macro being evaluated.
struct Each<'e, 'f, 'a> {
    evaluator: &'e Evaluator<'a>,
    fold: &'a Fold,
    frame: Option<&'f Frame<'f, 'a>>,
}

impl<'a> Each<'_, '_, 'a> {
    fn inner<T>(
        &self,
        element: &Value<'a>,
        then: impl FnOnce(&Frame<'_, 'a>) -> Result<T>,
    ) -> Result<T> {
        self.evaluator.burn(1)?;
        let index = self.frame.map_or(0, |outer| outer.index + 1);
        then(&Frame {
            index,
            value: element.clone(),
            outer: self.frame,
        })
    }

    fn verdict(&self, node: &'a Node, element: &Value<'a>) -> Result<bool> {
        self.inner(element, |frame| self.evaluator.verdict(node, Some(frame)))
    }

    /// `all` is decided by a false, `exists` by a true; an error counts only if nothing decides.
    fn decided(&self, elements: Vec<Value<'a>>, decides: bool) -> Result<Value<'a>> {
        let mut failed = None;
        for element in elements {
            match self.verdict(&self.fold.body, &element) {
                Ok(verdict) if verdict == decides => return Ok(Value::Bool(decides)),
                Ok(_) => {}
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(Value::Bool(!decides)), Err)
    }

    fn one(&self, elements: Vec<Value<'a>>) -> Result<Value<'a>> {
        let mut count = 0;
        for element in elements {
            count += usize::from(self.verdict(&self.fold.body, &element)?);
        }
        Ok(Value::Bool(count == 1))
    }

    fn filtered(&self, elements: Vec<Value<'a>>) -> Result<Value<'a>> {
        let mut kept = Vec::new();
        for element in elements {
            if self.verdict(&self.fold.body, &element)? {
                kept.push(element);
            }
        }
        Ok(Value::List(kept))
    }

    fn mapped(&self, elements: Vec<Value<'a>>) -> Result<Value<'a>> {
        let mut mapped = Vec::new();
        for element in elements {
            let taken = match &self.fold.filter {
                Some(filter) => self.verdict(filter, &element)?,
                None => true,
            };
            if taken {
                let body = &self.fold.body;
                mapped.push(self.inner(&element, |frame| self.evaluator.value(body, Some(frame)))?);
            }
        }
        Ok(Value::List(mapped))
    }
}
