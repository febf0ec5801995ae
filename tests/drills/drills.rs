//! Every promise as a drill that can fail: real sockets, real processes, and a vendor whose books
//! nobody else writes. The table in `README.md` says which drill keeps which promise.

#[cfg(test)]
mod rig;

#[cfg(test)]
mod race;

#[cfg(test)]
mod kill;

#[cfg(test)]
mod leave;

#[cfg(test)]
mod usage;

#[cfg(test)]
mod bodies;

#[cfg(test)]
mod heavy;

#[cfg(test)]
mod exact;

#[cfg(test)]
mod prices;

#[cfg(test)]
mod lure;

#[cfg(test)]
mod smuggle;

#[cfg(test)]
mod endless;

#[cfg(test)]
mod midnight;

#[cfg(test)]
mod jumps;

#[cfg(test)]
mod stop;

#[cfg(test)]
mod disk;

#[cfg(test)]
mod overload;

#[cfg(test)]
mod flood;

#[cfg(test)]
mod links;

#[cfg(test)]
mod restore;

#[cfg(test)]
mod quiet;

#[cfg(test)]
mod pinned;

#[cfg(test)]
mod swap;

#[cfg(test)]
mod organizations;

#[cfg(test)]
mod halves;

#[cfg(test)]
mod stuck;

#[cfg(test)]
mod deaf;

#[cfg(test)]
mod trickle;

#[cfg(test)]
mod blind;

#[cfg(test)]
mod names;

#[cfg(test)]
mod crowd;

#[cfg(test)]
mod canary;

#[cfg(test)]
mod disclosed;

#[cfg(test)]
mod keyless;
