//! Everything that the account keeps, searched for a text: tables and their indexes, objects, messages, schedules, users
//! of pools. It asks the cloud what there is, so that what is built later is searched too.

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};

use crate::product::Product;

/// How long a look into a queue hides what it saw, in seconds.
const HIDDEN: i32 = 30;

impl Product {
    /// The places where one of `texts` is kept, each with the text that is there.
    pub async fn places_of(&self, texts: &[&str]) -> Vec<String> {
        let mut search = Search { texts, found: Vec::new() };
        self.search_tables(&mut search).await;
        self.search_buckets(&mut search).await;
        self.search_queues(&mut search).await;
        self.search_schedules(&mut search).await;
        self.search_pools(&mut search).await;
        search.found
    }

    async fn search_tables(&self, search: &mut Search<'_>) {
        let client = aws_sdk_dynamodb::Client::new(self.sdk());
        let mut tables = client.list_tables().into_paginator().items().send();
        while let Some(table) = tables.next().await {
            let table = table.expect("a table's name");
            let described = client.describe_table().table_name(&table).send().await.expect("a table").table;
            let described = described.expect("a description");
            let local = described.local_secondary_indexes().iter().filter_map(|index| index.index_name());
            let global = described.global_secondary_indexes().iter().filter_map(|index| index.index_name());
            for index in [None].into_iter().chain(local.chain(global).map(Some)) {
                let scan = client.scan().table_name(&table).set_index_name(index.map(str::to_owned));
                let mut items = scan.into_paginator().items().send();
                while let Some(item) = items.next().await {
                    let item: Vec<(String, AttributeValue)> = item.expect("a row").into_iter().collect();
                    search.look(&format!("table {table} {index:?}"), &format!("{item:?}"));
                }
            }
        }
    }

    async fn search_buckets(&self, search: &mut Search<'_>) {
        let client = Client::from_conf(Builder::from(self.sdk()).force_path_style(true).build());
        // The code that is deployed, and no data: large, and packed so that no text would be found in it.
        let holds_code = |name: &&str| name.starts_with(&format!("busline-{}-artifacts", self.env()));
        let mut pages = client.list_buckets().into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.expect("buckets");
            for bucket in page.buckets().iter().filter_map(|bucket| bucket.name()).filter(|name| !holds_code(name)) {
                search_bucket(&client, bucket, search).await;
            }
        }
    }

    async fn search_queues(&self, search: &mut Search<'_>) {
        let client = aws_sdk_sqs::Client::new(self.sdk());
        // Without a number of results there would be one page, and no word of a next one.
        let mut urls = client.list_queues().max_results(1000).into_paginator().items().send();
        while let Some(url) = urls.next().await {
            let url = url.expect("a queue's URL");
            let mut receipts = Vec::new();
            loop {
                let look = client.receive_message().queue_url(&url).max_number_of_messages(10);
                let look = look.visibility_timeout(HIDDEN).message_attribute_names("All");
                let look = look.message_system_attribute_names(MessageSystemAttributeName::All);
                let messages = look.send().await.expect("messages").messages.unwrap_or_default();
                if messages.is_empty() {
                    break;
                }
                for message in messages {
                    search.look(&format!("queue {url}"), &format!("{message:?}"));
                    receipts.extend(message.receipt_handle);
                }
            }
            for receipt in receipts {
                let back = client.change_message_visibility().queue_url(&url).receipt_handle(receipt);
                back.visibility_timeout(0).send().await.expect("a message that is shown again");
            }
            let hidden = QueueAttributeName::ApproximateNumberOfMessagesNotVisible;
            let asked = client.get_queue_attributes().queue_url(&url).attribute_names(hidden.clone()).send().await;
            let attributes = asked.expect("a queue's attributes").attributes.unwrap_or_default();
            assert_eq!(attributes.get(&hidden).map(String::as_str), Some("0"), "all of {url} was seen");
        }
    }

    async fn search_schedules(&self, search: &mut Search<'_>) {
        let client = aws_sdk_scheduler::Client::new(self.sdk());
        let mut schedules = client.list_schedules().into_paginator().items().send();
        while let Some(schedule) = schedules.next().await {
            let schedule = schedule.expect("a schedule");
            let (group, name) = (schedule.group_name.clone(), schedule.name().unwrap_or_default());
            // One that fires meanwhile is gone.
            let asked = client.get_schedule().set_group_name(group).name(name).send().await;
            search.look("a schedule", &format!("{schedule:?} {asked:?}"));
        }
    }

    async fn search_pools(&self, search: &mut Search<'_>) {
        let client = aws_sdk_cognitoidentityprovider::Client::new(self.sdk());
        let pools = client.list_user_pools().max_results(60).send().await.expect("pools").user_pools;
        for pool in pools.unwrap_or_default().iter().filter_map(|pool| pool.id()) {
            let mut users = client.list_users().user_pool_id(pool).into_paginator().items().send();
            while let Some(user) = users.next().await {
                let user = user.expect("a user");
                let attributes: Vec<_> = user.attributes().iter().map(|one| (one.name(), one.value())).collect();
                search.look(&format!("pool {pool}"), &format!("{:?} {attributes:?}", user.username()));
            }
        }
    }
}

/// Every version of its objects, and what is on its way.
async fn search_bucket(client: &Client, bucket: &str, search: &mut Search<'_>) {
    let (mut key, mut version) = (None, None);
    loop {
        let list = client.list_object_versions().bucket(bucket).set_key_marker(key).set_version_id_marker(version);
        let page = list.send().await.expect("objects' versions");
        for found in page.versions() {
            let key = found.key().unwrap_or_default();
            search.look(&format!("bucket {bucket}"), key);
            let get = client.get_object().bucket(bucket).key(key).set_version_id(found.version_id.clone());
            // One that expires or is replaced between the two calls is not kept.
            let Ok(object) = get.send().await else { continue };
            let bytes = object.body.collect().await.expect("an object").into_bytes();
            search.look_at_bytes(&format!("bucket {bucket}: {key}"), &bytes);
        }
        if page.is_truncated != Some(true) {
            break;
        }
        (key, version) = (page.next_key_marker, page.next_version_id_marker);
    }
    let uploads = client.list_multipart_uploads().bucket(bucket).send().await.expect("uploads");
    assert_ne!(uploads.is_truncated, Some(true), "every upload to {bucket} is seen");
    for upload in uploads.uploads() {
        search.look(&format!("uploads to {bucket}"), upload.key().unwrap_or_default());
    }
}

struct Search<'a> {
    texts: &'a [&'a str],
    found: Vec<String>,
}

impl Search<'_> {
    fn look(&mut self, place: &str, held: &str) {
        if self.texts.iter().any(|text| held.contains(text)) {
            self.found.push(format!("{place}: {held}"));
        }
    }

    fn look_at_bytes(&mut self, place: &str, held: &[u8]) {
        let held = String::from_utf8_lossy(held);
        for text in self.texts.iter().filter(|text| held.contains(**text)) {
            self.found.push(format!("{place}: {text}"));
        }
    }
}
