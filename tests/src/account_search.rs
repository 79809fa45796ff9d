//! A search for texts in everything that the AWS account stores: tables and their indexes, objects, messages, schedules,
//! users of pools. It lists the account's resources, so that new ones are searched, too.

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::Client;
use aws_sdk_sqs::types::QueueAttributeName;

use crate::dead_letters::browse;
use crate::product::Product;
use crate::wait::eventually;

/// How long reading a queue hides its messages from others, in seconds.
const HIDDEN: i32 = 30;

impl Product {
    /// The places that contain one of `texts`, each with what is stored there.
    pub async fn find_everywhere(&self, texts: &[&str]) -> Vec<String> {
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
        let client = self.s3();
        // The code that is deployed: large, and compressed, so that no text would be found in it.
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
        // Without a maximum number of results SQS returns one page and no token of the next one.
        let mut urls = client.list_queues().max_results(1000).into_paginator().items().send();
        while let Some(url) = urls.next().await {
            let url = url.expect("a queue's URL");
            // A message that another consumer holds cannot be read: wait until it is visible.
            let what = format!("all messages of {url} visible");
            let messages = eventually(&what, async || {
                let messages = browse(&client, &url, HIDDEN).await;
                (held(&client, &url).await == "0").then_some(messages)
            });
            for message in messages.await {
                search.look(&format!("queue {url}"), &format!("{message:?}"));
            }
        }
    }

    async fn search_schedules(&self, search: &mut Search<'_>) {
        let client = aws_sdk_scheduler::Client::new(self.sdk());
        let mut schedules = client.list_schedules().into_paginator().items().send();
        while let Some(schedule) = schedules.next().await {
            let schedule = schedule.expect("a schedule");
            let (group, name) = (schedule.group_name.clone(), schedule.name().unwrap_or_default());
            // A schedule that fires in the meantime is deleted.
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

/// How many messages of a queue consumers hold.
async fn held(client: &aws_sdk_sqs::Client, url: &str) -> String {
    let name = QueueAttributeName::ApproximateNumberOfMessagesNotVisible;
    let asked = client.get_queue_attributes().queue_url(url).attribute_names(name.clone()).send().await;
    asked.expect("a queue's attributes").attributes.unwrap_or_default().remove(&name).unwrap_or_default()
}

/// Searches every version of a bucket's objects, and its unfinished multipart uploads.
async fn search_bucket(client: &Client, bucket: &str, search: &mut Search<'_>) {
    let (mut key, mut version) = (None, None);
    loop {
        let list = client.list_object_versions().bucket(bucket).set_key_marker(key).set_version_id_marker(version);
        let page = list.send().await.expect("objects' versions");
        for found in page.versions() {
            let key = found.key().unwrap_or_default();
            search.look(&format!("bucket {bucket}"), key);
            let get = client.get_object().bucket(bucket).key(key).set_version_id(found.version_id.clone());
            // An object may expire or be replaced between the two requests.
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
    assert_ne!(uploads.is_truncated, Some(true), "every upload to {bucket} is listed");
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
