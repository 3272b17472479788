//! Real sockets on loopback, both families.

use super::*;
use rustix::event::{PollFd, PollFlags, poll};

fn wait_readable(line: &UdpLine, channel: Channel) {
    let socket = line.socket(channel);
    let deadline = rustix::event::Timespec { tv_sec: 5, tv_nsec: 0 };
    let ready = poll(&mut [PollFd::new(&socket, PollFlags::IN)], Some(&deadline)).unwrap();
    assert_eq!(ready, 1, "nothing came within 5 s");
}

fn there_and_back(ip: IpAddr) {
    let mut range = PortRange::new(&(0..=0));
    let (mut here, mut there) = (range.open(ip).unwrap(), range.open(ip).unwrap());
    let mut wire = UdpWire::new();
    for round in 0..3u8 {
        for at in 0..3u8 {
            wire.send(&mut here, Channel::Rtp, there.address(), &[round, at, 7]);
        }
        wait_readable(&there, Channel::Rtp);
        assert_eq!(wire.receive(&mut there, Channel::Rtp, BATCH), 3);
        for at in 0..3u8 {
            assert_eq!(wire.datagram(at.into()), Some((here.address(), &mut [round, at, 7][..])));
        }
        assert_eq!(wire.datagram(3), None);
        assert_eq!(wire.receive(&mut there, Channel::Rtp, BATCH), 0);
        assert_eq!(wire.datagram(0), None, "what is gone is not shown again");
    }
}

#[test]
fn datagrams_cross_ipv4_and_ipv6() {
    there_and_back(Ipv4Addr::LOCALHOST.into());
    there_and_back(Ipv6Addr::LOCALHOST.into());
}

#[test]
fn one_datagram_is_read_at_a_time_if_no_more_are_wished() {
    let mut range = PortRange::new(&(0..=0));
    let ip = Ipv6Addr::LOCALHOST.into();
    let (mut here, mut there) = (range.open(ip).unwrap(), range.open(ip).unwrap());
    let mut wire = UdpWire::new();
    for at in 0..2u8 {
        wire.send(&mut here, Channel::Rtcp, SocketAddr::new(ip, there.address().port() + 1), &[at; 30]);
    }
    wait_readable(&there, Channel::Rtcp);
    for at in 0..2u8 {
        assert_eq!(wire.receive(&mut there, Channel::Rtcp, 1), 1);
        let from = SocketAddr::new(ip, here.address().port() + 1);
        assert_eq!(wire.datagram(0), Some((from, &mut [at; 30][..])));
        assert_eq!(wire.datagram(1), None);
    }
    assert_eq!(wire.receive(&mut there, Channel::Rtcp, 1), 0);
    assert_eq!(wire.datagram(0), None);
}

#[test]
fn what_many_legs_send_by_one_socket_leaves_with_the_flush() {
    for ip in [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()] {
        let mut range = PortRange::new(&(0..=0));
        let (pair, mut there) = (range.open(ip).unwrap(), range.open(ip).unwrap());
        let mut legs = [pair.share(0), pair.share(0)];
        let mut wire = UdpWire::new();
        assert_eq!(UdpWire::shared(&legs[1]), Some(0));
        // More than one batch, and one for nowhere in between.
        for at in 0..BATCH as u8 + 9 {
            if at == 40 {
                wire.send(&mut legs[0], Channel::Rtp, SocketAddr::new(ip, 0), &[0; 4]);
            }
            wire.send(&mut legs[usize::from(at) % 2], Channel::Rtp, there.address(), &[at; 20]);
        }
        wire.flush();
        wait_readable(&there, Channel::Rtp);
        let mut came = Vec::new();
        while wire.receive(&mut there, Channel::Rtp, BATCH) > 0 {
            came.extend((0..BATCH).map_while(|at| wire.datagram(at).map(|(from, bytes)| (from, bytes[19]))));
        }
        assert!(came.iter().all(|(from, _)| *from == pair.address()));
        assert_eq!(
            came.iter().map(|(_, at)| *at).collect::<Vec<_>>(),
            (0..BATCH as u8 + 9).collect::<Vec<_>>()
        );
    }
}

#[test]
fn a_datagram_that_is_too_long_does_not_count_and_harms_nobody() {
    let mut range = PortRange::new(&(0..=0));
    let ip = Ipv4Addr::LOCALHOST.into();
    let (mut here, mut there) = (range.open(ip).unwrap(), range.open(ip).unwrap());
    let mut wire = UdpWire::new();
    wire.send(&mut here, Channel::Rtp, there.address(), &[1; DATAGRAM_BYTES + 1]);
    wire.send(&mut here, Channel::Rtp, there.address(), &[2; 12]);
    wait_readable(&there, Channel::Rtp);
    assert_eq!(wire.receive(&mut there, Channel::Rtp, BATCH), 2);
    assert_eq!(wire.datagram(0), None);
    assert_eq!(wire.datagram(1).unwrap().1, [2; 12]);
}

#[test]
fn a_pair_is_an_even_port_and_the_odd_one_above() {
    for ip in [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()] {
        let mut range = PortRange::new(&(0..=0));
        for _ in 0..16 {
            let line = range.open(ip).unwrap();
            assert_eq!(line.address().port() % 2, 0);
            assert_eq!(local_port(&line.sockets.rtp), Ok(line.address().port()));
            assert_eq!(local_port(&line.sockets.rtcp), Ok(line.address().port() + 1));
        }
    }
}

/// A run of free ports, found by trying: other programs use this machine too.
fn free_range(pairs: u16) -> PortRange {
    let ip = IpAddr::from(Ipv4Addr::LOCALHOST);
    let start = (20_000..60_000).step_by(64).find(|start| {
        let lines: Vec<_> = (0..pairs).map(|pair| open_pair(ip, start + pair * 2)).collect();
        lines.iter().all(Result::is_ok)
    });
    let start = start.expect("no free run of ports");
    PortRange::new(&(start..=start + pairs * 2 - 1))
}

#[test]
fn a_freed_port_rests_until_the_others_had_their_turn() {
    let ip = IpAddr::from(Ipv4Addr::LOCALHOST);
    let mut range = free_range(3);
    let first = range.open(ip).unwrap();
    let rested = first.address().port();
    drop(first);
    let second = range.open(ip).unwrap();
    let third = range.open(ip).unwrap();
    assert_ne!(second.address().port(), rested);
    assert_ne!(third.address().port(), rested);
    let fourth = range.open(ip).unwrap();
    assert_eq!(fourth.address().port(), rested);
    assert_eq!(range.open(ip).unwrap_err(), PortFault::RangeExhausted);
}

#[test]
fn only_whole_pairs_of_the_range_are_used() {
    let range = PortRange::new(&(10_001..=10_006));
    assert_eq!((range.first_even, range.pairs), (10_002, 2));
    assert!(PortRange::new(&(10_001..=10_002)).is_empty());
    assert!(PortRange::new(&(65_535..=65_535)).is_empty());
    assert_eq!(PortRange::new(&(65_534..=65_535)).pairs, 1);
    assert!(!PortRange::new(&(0..=0)).is_empty());
}

#[test]
fn an_address_of_another_machine_is_refused_at_once() {
    let ip = IpAddr::from(Ipv4Addr::new(192, 0, 2, 1));
    assert_eq!(PortRange::new(&(20_000..=30_000)).open(ip).unwrap_err(), PortFault::AddressRefused);
    assert_eq!(PortRange::new(&(0..=0)).open(ip).unwrap_err(), PortFault::AddressRefused);
}
