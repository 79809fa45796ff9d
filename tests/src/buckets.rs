//! Buckets and their objects, with the account's root keys.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;

use crate::product::Product;

impl Product {
    /// A client of S3 that puts the bucket's name into the path, as the local cloud needs it.
    pub fn s3(&self) -> Client {
        Client::from_conf(Builder::from(self.sdk()).force_path_style(true).build())
    }

    /// The only bucket with a name that begins with `prefix`.
    pub async fn bucket(&self, prefix: &str) -> String {
        let buckets = self.s3().list_buckets().send().await.expect("buckets").buckets.unwrap_or_default();
        let mut names = buckets.into_iter().filter_map(|bucket| bucket.name);
        names.find(|name| name.starts_with(prefix)).unwrap_or_else(|| panic!("there is no bucket {prefix}…"))
    }

    /// The bucket in which a service keeps failed stream batches.
    pub async fn failures_bucket(&self, service: &str) -> String {
        self.bucket(&format!("busline-{}-{service}-failures-", self.env())).await
    }

    /// The keys of all objects below a prefix.
    pub async fn object_keys(&self, bucket: &str, prefix: &str) -> Vec<String> {
        let mut pages = self.s3().list_objects_v2().bucket(bucket).prefix(prefix).into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let objects = page.expect("the bucket answers").contents.unwrap_or_default();
            keys.extend(objects.into_iter().filter_map(|object| object.key));
        }
        keys
    }

    pub async fn put_object(&self, bucket: &str, key: &str, body: impl Into<Vec<u8>>) {
        let put = self.s3().put_object().bucket(bucket).key(key).body(body.into().into());
        put.send().await.expect("a bucket that accepts an object");
    }

    pub async fn get_object(&self, bucket: &str, key: &str) -> Vec<u8> {
        let object = self.s3().get_object().bucket(bucket).key(key).send().await.expect("an object");
        object.body.collect().await.expect("a whole object").into_bytes().to_vec()
    }
}
