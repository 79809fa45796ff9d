//! Emails of the user pool, such as codes of sign-ups.

use serde_json::json;
use tests::permissions::grants::template;

/// By itself, Cognito sends about 50 emails a day.
#[test]
fn outside_of_the_local_cloud_the_user_pool_sends_by_ses() {
    let template = template("users");
    let configuration = &template["Resources"]["UserPool"]["Properties"]["EmailConfiguration"];
    let by_ses = json!({
        "EmailSendingAccount": "DEVELOPER",
        "SourceArn": {"Ref": "MailIdentity"},
        "From": {"Fn::Sub": "Busline <${MailFrom}>"},
    });
    assert_eq!(*configuration, json!({"Fn::If": ["OnAws", by_ses, {"Ref": "AWS::NoValue"}]}));
    let read = |parameter: &str| template["Parameters"][parameter]["Default"].clone();
    assert_eq!(read("MailIdentity"), "/busline/local/mail/identity-arn");
    assert_eq!(read("MailFrom"), "/busline/local/mail/from");
}
