//! The stubs of services: one method for each RPC, over the client's own transport.

use std::collections::HashMap;
use std::fmt::Write;

use prost_build::{Method, Service, ServiceGenerator};
use prost_types::FileDescriptorSet;

/// Writes the stubs of services.
pub struct Stubs {
    /// The names of the fields of each message, by its full name.
    fields: HashMap<String, Vec<String>>,
}

impl Stubs {
    /// Returns a generator for services whose messages are in the descriptors.
    pub fn new(descriptors: &FileDescriptorSet) -> Self {
        let mut fields = HashMap::new();
        for file in &descriptors.file {
            for message in &file.message_type {
                let names = message
                    .field
                    .iter()
                    .map(|field| field.name().to_owned())
                    .collect();
                fields.insert(format!(".{}.{}", file.package(), message.name()), names);
            }
        }
        Self { fields }
    }

    /// Writes what the transport has to know of a request.
    fn write_request(&self, method: &Method, buf: &mut String) {
        let has = |name: &str| {
            self.fields
                .get(&method.input_proto_type)
                .is_some_and(|fields| fields.iter().any(|field| field == name))
        };
        let mut body = String::new();
        if has("sweep_id") {
            body.push_str("    fn sweep_id(&self) -> &str { &self.sweep_id }\n");
        }
        if has("request_id") {
            body.push_str(
                "    fn request_id_mut(&mut self) -> Option<&mut String> { Some(&mut self.request_id) }\n",
            );
        }
        writeln!(
            buf,
            "impl crate::peer::Request for {} {{\n{body}}}",
            method.input_type
        )
        .unwrap();
    }
}

impl ServiceGenerator for Stubs {
    fn generate(&mut self, service: Service, buf: &mut String) {
        let name = format!("{}Client", service.name);
        let full_name = format!("{}.{}", service.package, service.proto_name);
        service.comments.append_with_indent(0, buf);
        writeln!(
            buf,
            "#[derive(Clone, Debug)]\n\
             pub struct {name} {{\n\
             peer: crate::peer::Peer,\n\
             deadline: Option<std::time::Duration>,\n\
             }}\n\
             impl {name} {{\n\
             /// The full name of the service.\n\
             pub const NAME: &str = \"{full_name}\";\n\
             pub(crate) fn new(peer: crate::peer::Peer) -> Self {{ Self {{ peer, deadline: None }} }}\n\
             /// Sets the deadline of calls; streams have none.\n\
             #[must_use]\n\
             pub fn within(mut self, deadline: std::time::Duration) -> Self {{\n\
             self.deadline = Some(deadline);\n\
             self\n\
             }}"
        )
        .unwrap();
        for method in &service.methods {
            let (rust, input, output) = (&method.name, &method.input_type, &method.output_type);
            let path = format!("/{full_name}/{}", method.proto_name);
            method.comments.append_with_indent(1, buf);
            if method.server_streaming {
                writeln!(
                    buf,
                    "pub fn {rust}(&self, request: {input}) -> crate::Streaming<{input}, {output}> {{\n\
                     self.peer.stream(\"{path}\", request)\n}}"
                )
            } else {
                writeln!(
                    buf,
                    "pub async fn {rust}(&self, request: {input}) -> Result<{output}, crate::Error> {{\n\
                     self.peer.unary(\"{path}\", request, self.deadline).await\n}}"
                )
            }
            .unwrap();
        }
        buf.push_str("}\n");
        for method in &service.methods {
            self.write_request(method, buf);
        }
    }
}
