//! stub
use super::Writer;
use crate::cli::{
    observing::Problem,
    plan::{cluster_plan::ClusterPlan, totals::Totals},
};
use std::io::{self, Write};
#[derive(Debug, Default)]
pub(super) struct Html;
impl Writer for Html {
    fn begin(&mut self, _: &mut dyn Write, _: bool) -> io::Result<()> {
        Ok(())
    }
    fn cluster(&mut self, _: &mut dyn Write, _: &ClusterPlan) -> io::Result<()> {
        Ok(())
    }
    fn unreadable(&mut self, _: &mut dyn Write, _: &Problem) -> io::Result<()> {
        Ok(())
    }
    fn end(&mut self, _: &mut dyn Write, _: &Totals) -> io::Result<()> {
        Ok(())
    }
}
