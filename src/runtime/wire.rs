//! Protobuf as it lies in a file: fields one after the other, each with a number and a value.
//!
//! Strict where protobuf leaves room: nothing is read past the end of the message, groups (given up in 2008, unknown to ONNX)
//! and field numbers outside of the format are refused.

/// Longest encoding of a 64-bit number.
const LONGEST_VARINT: usize = 10;

/// Largest number that a field can have.
const LARGEST_FIELD: u64 = (1 << 29) - 1;

/// Wire type of a value with a length.
const WITH_LENGTH: u64 = 2;

/// What is wrong with bytes that are no message, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed {
    /// What is wrong.
    pub(super) what: &'static str,
    /// Byte of the file at which it was found.
    pub(super) at: usize,
}

/// The value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// A number of variable length.
    Number(u64),
    /// Four or eight bytes.
    Fixed,
    /// Bytes with their length: text, data, a message, or a packed list of numbers.
    Bytes(Message<'a>),
}

/// A field of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field<'a> {
    /// Its number.
    pub(super) number: u64,
    /// Its value.
    pub(super) value: Value<'a>,
    /// The bytes of the whole field, from its number on.
    pub(super) whole: &'a [u8],
}

/// Bytes of a message, and where in the file they lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Message<'a> {
    /// The bytes.
    pub(super) bytes: &'a [u8],
    /// Where the first of them lies.
    pub(super) start: usize,
}

impl<'a> Message<'a> {
    /// The fields, up to the first that is malformed.
    pub(super) fn fields(self) -> Fields<'a> {
        Fields { rest: self }
    }

    /// Whether these are numbers of variable length, one after the other up to the end.
    pub(super) fn check_numbers(self) -> Result<(), Malformed> {
        let mut rest = self;
        while !rest.bytes.is_empty() {
            (_, rest) = rest.number()?;
        }
        Ok(())
    }

    /// An error at the first of these bytes.
    pub(super) fn malformed(self, what: &'static str) -> Malformed {
        Malformed { what, at: self.start }
    }

    /// The bytes before and from `length` on.
    fn split(self, length: u64) -> Option<(Message<'a>, Message<'a>)> {
        let length = usize::try_from(length).ok()?;
        let (bytes, rest) = self.bytes.split_at_checked(length)?;
        Some((Message { bytes, ..self }, Message { bytes: rest, start: self.start.checked_add(length)? }))
    }

    /// A number, and what follows it.
    fn number(self) -> Result<(u64, Message<'a>), Malformed> {
        let mut value = 0_u64;
        for (index, byte) in self.bytes.iter().take(LONGEST_VARINT).enumerate() {
            let payload = u64::from(byte & 0x7f);
            let is_last_possible = index + 1 == LONGEST_VARINT;
            if is_last_possible && payload > 1 {
                break;
            }
            value |= payload << (7 * index);
            if byte & 0x80 == 0 {
                let (_, rest) = self.split(index as u64 + 1).ok_or(self.malformed("a number is cut off"))?;
                return Ok((value, rest));
            }
        }
        match self.bytes.len() < LONGEST_VARINT {
            true => Err(self.malformed("a number is cut off")),
            false => Err(self.malformed("a number has more than 64 bits")),
        }
    }

    /// The first field, and what follows it.
    fn first(self) -> Result<(Field<'a>, Message<'a>), Malformed> {
        let (tag, rest) = self.number()?;
        let number = tag >> 3;
        if number == 0 || number > LARGEST_FIELD {
            return Err(self.malformed("no field has such a number"));
        }
        let too_short = self.malformed("a field ends after its message");
        let (value, rest) = match tag & 7 {
            0 => rest.number().map(|(value, rest)| (Value::Number(value), rest))?,
            1 => (Value::Fixed, rest.split(8).ok_or(too_short)?.1),
            WITH_LENGTH => {
                let (length, rest) = rest.number()?;
                let (bytes, rest) = rest.split(length).ok_or(too_short)?;
                (Value::Bytes(bytes), rest)
            }
            5 => (Value::Fixed, rest.split(4).ok_or(too_short)?.1),
            _ => return Err(self.malformed("no field has such a type")),
        };
        let (whole, _) = self.split((rest.start - self.start) as u64).ok_or(too_short)?;
        Ok((Field { number, value, whole: whole.bytes }, rest))
    }
}

/// The fields of a message.
pub(super) struct Fields<'a> {
    rest: Message<'a>,
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.bytes.is_empty() {
            return None;
        }
        let first = self.rest.first();
        // After an error there is nothing more to be read.
        self.rest = first.as_ref().map_or(Message { bytes: &[], ..self.rest }, |(_, rest)| *rest);
        Some(first.map(|(field, _)| field))
    }
}

/// Appends a field whose value is bytes.
pub(super) fn write_bytes(number: u64, bytes: &[u8], message: &mut Vec<u8>) {
    write_number(number << 3 | WITH_LENGTH, message);
    write_number(bytes.len() as u64, message);
    message.extend_from_slice(bytes);
}

fn write_number(mut value: u64, message: &mut Vec<u8>) {
    while value > 0x7f {
        message.push(value as u8 | 0x80);
        value >>= 7;
    }
    message.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: &[u8]) -> Message<'_> {
        Message { bytes, start: 100 }
    }

    fn fields(bytes: &[u8]) -> Result<Vec<(u64, Value<'_>)>, Malformed> {
        message(bytes).fields().map(|field| field.map(|field| (field.number, field.value))).collect()
    }

    #[test]
    fn fields_are_read_with_their_place() {
        let bytes = b"\x08\x96\x01\x12\x02ab\x1d\x01\x02\x03\x04\x21\x01\x02\x03\x04\x05\x06\x07\x08";
        let expected = [
            (1, Value::Number(150)),
            (2, Value::Bytes(Message { bytes: b"ab", start: 105 })),
            (3, Value::Fixed),
            (4, Value::Fixed),
        ];
        assert_eq!(fields(bytes).unwrap(), expected);
        let whole: Vec<u8> = message(bytes).fields().flat_map(|field| field.unwrap().whole.to_vec()).collect();
        assert_eq!(whole, bytes);
    }

    #[test]
    fn what_ends_after_its_message_is_malformed() {
        for bytes in [&b"\x08"[..], b"\x08\x80", b"\x12\x03ab", b"\x1d\x01\x02\x03", b"\x21\x01", b"\x12\x80"] {
            assert!(fields(bytes).is_err(), "{bytes:?}");
        }
        assert_eq!(fields(b"\x08\x01\x12\x03ab"), Err(Malformed { what: "a field ends after its message", at: 102 }));
    }

    #[test]
    fn what_no_message_has_is_malformed() {
        for bytes in [&b"\x00\x00"[..], b"\x0b", b"\x0c", b"\x0e\x00", b"\x0f\x00", b"\xf8\xff\xff\xff\xff\x01\x00"] {
            assert!(fields(bytes).is_err(), "{bytes:?}");
        }
        assert!(fields(&[0xff; 1000]).is_err());
        assert!(fields(b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01").is_err());
    }

    #[test]
    fn numbers_have_at_most_64_bits() {
        let largest = b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
        assert_eq!(message(largest).number().unwrap().0, u64::MAX);
        assert!(message(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02").number().is_err());
        assert!(message(b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00").number().is_err());
        assert!(message(largest).check_numbers().is_ok());
        assert!(message(&[0x80; 4]).check_numbers().is_err());
    }

    #[test]
    fn what_is_written_is_read() {
        let mut bytes = Vec::new();
        let long = vec![7; 300];
        write_bytes(9, &long, &mut bytes);
        assert_eq!(fields(&bytes).unwrap(), [(9, Value::Bytes(Message { bytes: &long, start: 103 }))]);
    }
}
