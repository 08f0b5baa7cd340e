//! Arguments of our own types: a store of either kind, a callable or null.

use std::rc::Rc;

use ext_php_rs::class::RegisteredClass;
use ext_php_rs::convert::FromZval;
use ext_php_rs::flags::DataType;
use ext_php_rs::types::{ZendClassObject, Zval};

use super::php_store::PhpStore;
use super::redis_store::PhpRedisStore;
use super::sqlite_store::PhpSqliteStore;
use super::store_interface::PhpInterfaceStoreInterface;
use crate::store::Store;

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
