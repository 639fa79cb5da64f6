//! Every operation of the catalogue is answered: from the world, or by saying that it is not modelled.

use super::cloud::Cloud;
use crate::catalog;

#[test]
fn what_is_not_modelled_says_so() {
    let cloud = Cloud::small();
    let mut modelled = 0;
    for operation in &catalog::service("iaas").expect("in the catalogue").operations {
        if operation.name == "upload_image" {
            continue;
        }
        let nobody = "00000000-0000-4000-8000-000000000000";
        let ids: Vec<(&str, &str)> = operation
            .parameters
            .iter()
            .filter(|parameter| !["projectId", "region"].contains(&parameter.name))
            .map(|parameter| (parameter.name, nobody))
            .collect();
        let told = cloud.call(operation.name, &ids, None);
        match told.status {
            501 => assert_eq!(told.message(), format!("the simulator does not model iaas.{}", operation.name)),
            200..=204 | 400 | 404 => modelled += 1,
            other => panic!("{} answers {other}: {}", operation.name, told.body),
        }
    }
    assert_eq!(modelled, 99, "more is modelled now: say so here and in the documentation");
}
