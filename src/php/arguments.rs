//! Arguments of our own types: a store of either kind, bytes that can be shared.

use std::rc::Rc;

use ext_php_rs::class::RegisteredClass;
use ext_php_rs::convert::FromZval;
use ext_php_rs::flags::DataType;
use ext_php_rs::types::{ZendClassObject, Zval};

use super::php_store::PhpStore;
use super::redis_store::PhpRedisStore;
use super::sqlite_store::PhpSqliteStore;
use super::store_interface::PhpInterfaceStoreInterface;
use crate::signature::Payload;
use crate::store::Store;

/// A string of PHP, as bytes.
pub struct BytesArgument<'a> {
    value: &'a Zval,
    bytes: &'a [u8],
}

impl<'a> BytesArgument<'a> {
    /// The bytes, for as long as the call lasts.
    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// A share in the string. PHP counts on it: who writes to a string that others hold gets a
    /// string of their own.
    pub(super) fn payload(&self) -> Payload {
        Payload::shared(HeldString(self.value.shallow_clone()))
    }
}

impl<'a> FromZval<'a> for BytesArgument<'a> {
    const TYPE: DataType = DataType::String;

    fn from_zval(value: &'a Zval) -> Option<Self> {
        let bytes = value.zend_str()?.as_bytes();
        Some(Self { value, bytes })
    }
}

/// A string that PHP frees no earlier than this.
struct HeldString(Zval);

impl AsRef<[u8]> for HeldString {
    fn as_ref(&self) -> &[u8] {
        self.0
            .zend_str()
            .map(|text| text.as_bytes())
            .unwrap_or_default()
    }
}

/// A `Causeway\Store`: one of ours directly, an application's through its methods.
#[derive(Clone)]
pub struct StoreArgument {
    pub(super) store: Rc<dyn Store>,
}

impl<'a> FromZval<'a> for StoreArgument {
    const TYPE: DataType = DataType::Object(ext_php_rs::describe::abi::Str::new("Causeway\\Store"));

    fn from_zval(value: &'a Zval) -> Option<Self> {
        let object = value.object()?;
        if let Some(native) = ZendClassObject::<PhpSqliteStore>::from_zend_obj(object) {
            return Some(Self {
                store: native.store(),
            });
        }
        if let Some(native) = ZendClassObject::<PhpRedisStore>::from_zend_obj(object) {
            return Some(Self {
                store: native.store(),
            });
        }
        // Not is_instance(), which knows the exact class alone.
        let is_store = object.instance_of(PhpInterfaceStoreInterface::get_metadata().ce());
        is_store.then(|| Self {
            store: Rc::new(PhpStore::new(value)),
        })
    }
}
