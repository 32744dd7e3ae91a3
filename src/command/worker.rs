//! `highwater worker`, hidden: the child's side of the protocol.

use crate::error::{AS_EXPECTED, Error, FAILED};
use crate::worker::{Ended, serve};

pub(super) fn worker() -> Result<u8, Error> {
    match serve() {
        Ok(Ended::Done) => Ok(AS_EXPECTED),
        Ok(Ended::Failed) => Ok(FAILED),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => Err(Error::Usage(error.to_string())),
        Err(source) => Err(Error::Child { what: "serve as", case: "on the protocol's descriptor".into(), source }),
    }
}
