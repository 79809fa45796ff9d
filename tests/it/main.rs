//! The product, met from outside.
#[tokio::test]
async fn x() {
    let p = tests::product::Product::shared().await;
    let u = p.user().await;
    u.todos().get("/todos").expect(200).await;
}
