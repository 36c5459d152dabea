//! The integrations over real sockets: raw servers for what only a wire can do, and the stand-ins
//! of the devstack for whole journeys.

#[cfg(test)]
mod openai;
#[cfg(test)]
mod storage;
#[cfg(test)]
mod support;
#[cfg(test)]
mod whatsapp;
