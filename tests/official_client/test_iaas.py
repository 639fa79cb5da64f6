"""STACKIT's own Python SDK, through the key flow, against `stackhand sim`.

The environment says where: SIM_BASE_URL, SIM_KEY_FILE, SIM_PROJECT_ID. The simulator runs faster than real time;
waits poll until the state is there, with a generous deadline.
"""

import os
import time
import unittest
import uuid

import stackit.iaas as iaas
from stackit.core.configuration import Configuration
from stackit.iaas.exceptions import ApiException, BadRequestException, ConflictException, NotFoundException

BASE = os.environ["SIM_BASE_URL"]
PROJECT = uuid.UUID(os.environ["SIM_PROJECT_ID"])
REGION = "eu01"


def connect(key_file=os.environ["SIM_KEY_FILE"]):
    return iaas.DefaultApi(
        Configuration(
            service_account_key_path=key_file,
            custom_endpoint=BASE,
            custom_token_endpoint=BASE + "/token",
        )
    )


def until(read, is_done, seconds=60):
    """Polls `read` until `is_done` likes what it says."""
    end = time.monotonic() + seconds
    while True:
        value = read()
        if is_done(value):
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not reached in {seconds} s: {value}")
        time.sleep(0.02)


class SimulatorThroughTheOfficialSdk(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.api = connect()

    # Reading

    def test_lists_parse_whole(self):
        api = self.api
        self.assertGreater(len(api.list_servers(PROJECT, REGION).items), 5)
        self.assertGreater(len(api.list_servers(PROJECT, REGION, details=True).items), 5)
        self.assertGreater(len(api.list_volumes(PROJECT, REGION).items), 5)
        self.assertGreater(len(api.list_snapshots_in_project(PROJECT, REGION).items), 5)
        self.assertGreater(len(api.list_images(PROJECT, REGION).items), 0)
        self.assertGreater(len(api.list_networks(PROJECT, REGION).items), 0)
        self.assertGreater(len(api.list_machine_types(PROJECT, REGION).items), 0)
        self.assertGreater(len(api.list_volume_performance_classes(PROJECT, REGION).items), 0)
        self.assertGreater(len(api.list_availability_zones(REGION).items), 0)
        self.assertIsNotNone(api.list_backups(PROJECT, REGION).items)
        self.assertIsNotNone(api.get_project_details(PROJECT).id)

    def test_a_server_by_id_with_and_without_details(self):
        server = self.api.list_servers(PROJECT, REGION).items[0]
        plain = self.api.get_server(PROJECT, REGION, server.id)
        detailed = self.api.get_server(PROJECT, REGION, server.id, details=True)
        self.assertEqual(plain.name, server.name)
        self.assertIsNone(plain.nics)
        self.assertGreater(len(detailed.nics), 0)

    def test_label_selectors_filter(self):
        labelled = self.api.list_servers(PROJECT, REGION, label_selector="schedule=office-hours").items
        self.assertGreater(len(labelled), 0)
        self.assertTrue(all(server.labels["schedule"] == "office-hours" for server in labelled))
        self.assertEqual(self.api.list_servers(PROJECT, REGION, label_selector="schedule=never").items, [])

    def test_machine_types_by_expression(self):
        found = self.api.list_machine_types(PROJECT, REGION, filter="vcpus == 2 && ram >= 2048").items
        self.assertGreater(len(found), 0)
        self.assertTrue(all(kind.vcpus == 2 and kind.ram >= 2048 for kind in found))

    def test_quotas_name_all_twelve(self):
        quotas = self.api.list_quotas(PROJECT, REGION).quotas
        self.assertGreater(quotas.vcpu.limit, 0)
        self.assertGreaterEqual(quotas.gigabytes.usage, 1)
        self.assertGreaterEqual(quotas.snapshots.usage, 1)

    # Servers

    def a_server(self, **more):
        network = self.api.list_networks(PROJECT, REGION).items[0]
        image = self.api.list_images(PROJECT, REGION).items[0]
        payload = iaas.CreateServerPayload(
            name="sdk-" + uuid.uuid4().hex[:8],
            machine_type="t1.1",
            networking=iaas.CreateServerPayloadAllOfNetworking(iaas.CreateServerNetworking(network_id=network.id)),
            boot_volume=iaas.BootVolume(
                size=10,
                source=iaas.BootVolumeSource(type="image", id=image.id),
                delete_on_termination=True,
            ),
            labels={"made-by": "sdk"},
            **more,
        )
        server = self.api.create_server(PROJECT, REGION, payload)
        self.assertEqual(server.name, payload.name)
        return self.reaches(server.id, "ACTIVE")

    def reaches(self, server_id, status):
        read = lambda: self.api.get_server(PROJECT, REGION, server_id)
        return until(read, lambda server: server.status == status)

    def is_gone(self, read):
        def gone():
            try:
                read()
                return False
            except NotFoundException:
                return True

        until(gone, bool)

    def test_the_life_of_a_server(self):
        api = self.api
        server = self.a_server()
        self.assertEqual(server.power_status, "RUNNING")
        self.assertEqual(server.labels["made-by"], "sdk")

        api.stop_server(PROJECT, REGION, server.id)
        self.reaches(server.id, "INACTIVE")
        api.start_server(PROJECT, REGION, server.id)
        self.reaches(server.id, "ACTIVE")
        api.deallocate_server(PROJECT, REGION, server.id)
        deallocated = self.reaches(server.id, "DEALLOCATED")
        self.assertIsNone(deallocated.availability_zone)
        api.start_server(PROJECT, REGION, server.id)
        self.reaches(server.id, "ACTIVE")
        api.reboot_server(PROJECT, REGION, server.id, action="hard")
        self.reaches(server.id, "ACTIVE")

        resize = iaas.ResizeServerPayload(machine_type="s1.2")
        api.resize_server(PROJECT, REGION, server.id, resize)
        self.assertEqual(api.get_server(PROJECT, REGION, server.id).status, "RESIZING")
        self.assertEqual(self.reaches(server.id, "ACTIVE").machine_type, "s1.2")

        image = api.list_images(PROJECT, REGION).items[0]
        api.rescue_server(PROJECT, REGION, server.id, iaas.RescueServerPayload(image=image.id))
        self.reaches(server.id, "RESCUE")
        api.unrescue_server(PROJECT, REGION, server.id)
        self.reaches(server.id, "ACTIVE")

        update = iaas.UpdateServerPayload(name="sdk-renamed", labels={"made-by": None, "tier": "1"})
        renamed = api.update_server(PROJECT, REGION, server.id, update)
        self.assertEqual(renamed.name, "sdk-renamed")
        self.assertEqual(renamed.labels, {"tier": "1"})

        self.assertTrue(api.get_server_console(PROJECT, REGION, server.id).url)
        self.assertIsNotNone(api.get_server_log(PROJECT, REGION, server.id).output)

        api.delete_server(PROJECT, REGION, server.id)
        self.is_gone(lambda: api.get_server(PROJECT, REGION, server.id))

    # Volumes, snapshots, backups

    def a_volume(self, size=5):
        payload = iaas.CreateVolumePayload(
            availability_zone="eu01-1", name="sdk-volume", size=size, performance_class="storage_premium_perf1"
        )
        volume = self.api.create_volume(PROJECT, REGION, payload)
        return self.volume_reaches(volume.id, "AVAILABLE")

    def volume_reaches(self, volume_id, status):
        read = lambda: self.api.get_volume(PROJECT, REGION, volume_id)
        return until(read, lambda volume: volume.status == status)

    def test_a_volume_grows_attaches_and_detaches(self):
        api = self.api
        volume = self.a_volume()
        api.resize_volume(PROJECT, REGION, volume.id, iaas.ResizeVolumePayload(size=8))
        self.volume_reaches(volume.id, "AVAILABLE")
        self.assertEqual(api.get_volume(PROJECT, REGION, volume.id).size, 8)
        with self.assertRaises((BadRequestException, ConflictException)):
            api.resize_volume(PROJECT, REGION, volume.id, iaas.ResizeVolumePayload(size=1))

        server = self.a_server(availability_zone="eu01-1")
        attachment = api.add_volume_to_server(
            PROJECT, REGION, server.id, volume.id, iaas.AddVolumeToServerPayload(delete_on_termination=False)
        )
        self.assertEqual(str(attachment.volume_id), str(volume.id))
        attached = self.volume_reaches(volume.id, "ATTACHED")
        self.assertEqual(str(attached.server_id), str(server.id))
        self.assertIn(str(volume.id), [str(a.volume_id) for a in api.list_attached_volumes(PROJECT, REGION, server.id).items])
        with self.assertRaises(ConflictException):
            api.delete_volume(PROJECT, REGION, volume.id)
        api.remove_volume_from_server(PROJECT, REGION, server.id, volume.id)
        self.volume_reaches(volume.id, "AVAILABLE")
        api.delete_server(PROJECT, REGION, server.id)
        api.delete_volume(PROJECT, REGION, volume.id)
        self.is_gone(lambda: api.get_volume(PROJECT, REGION, volume.id))

    def test_snapshots_and_backups(self):
        api = self.api
        volume = self.a_volume(size=2)
        snapshot = api.create_snapshot(
            PROJECT, REGION, iaas.CreateSnapshotPayload(volume_id=volume.id, name="sdk-snapshot", labels={"by": "sdk"})
        )
        read = lambda: api.get_snapshot(PROJECT, REGION, snapshot.id)
        ready = until(read, lambda snapshot: snapshot.status == "AVAILABLE")
        self.assertEqual(ready.labels, {"by": "sdk"})
        found = api.list_snapshots_in_project(PROJECT, REGION, label_selector="by=sdk").items
        self.assertEqual([str(s.id) for s in found], [str(snapshot.id)])

        backup = api.create_backup(
            PROJECT,
            REGION,
            iaas.CreateBackupPayload.from_dict({"name": "sdk-backup", "source": {"type": "volume", "id": str(volume.id)}}),
        )
        read_backup = lambda: api.get_backup(PROJECT, REGION, backup.id)
        until(read_backup, lambda backup: backup.status == "AVAILABLE")
        api.restore_backup(PROJECT, REGION, backup.id)
        until(read_backup, lambda backup: backup.status == "AVAILABLE")
        self.volume_reaches(volume.id, "AVAILABLE")

        copy = api.create_volume(
            PROJECT,
            REGION,
            iaas.CreateVolumePayload(
                availability_zone="eu01-1",
                name="sdk-copy",
                source=iaas.VolumeSource(id=snapshot.id, type="snapshot"),
            ),
        )
        copied = self.volume_reaches(copy.id, "AVAILABLE")
        self.assertEqual(copied.size, 2)
        self.assertEqual(str(copied.source.id), str(snapshot.id))
        api.delete_volume(PROJECT, REGION, copy.id)
        self.is_gone(lambda: api.get_volume(PROJECT, REGION, copy.id))

        api.delete_backup(PROJECT, REGION, backup.id)
        self.is_gone(read_backup)
        api.delete_snapshot(PROJECT, REGION, snapshot.id)
        self.is_gone(read)
        api.delete_volume(PROJECT, REGION, volume.id)

    # Networks and what belongs to them

    def a_network(self):
        payload = iaas.CreateNetworkPayload(
            name="sdk-network",
            labels={"by": "sdk"},
            ipv4=iaas.CreateNetworkIPv4(iaas.CreateNetworkIPv4WithPrefixLength(prefix_length=26)),
        )
        created = self.api.create_network(PROJECT, REGION, payload)
        read = lambda: self.api.get_network(PROJECT, REGION, created.id)
        return until(read, lambda network: network.status == "CREATED")

    def test_the_life_of_a_network(self):
        api = self.api
        network = self.a_network()
        self.assertEqual(network.name, "sdk-network")
        self.assertTrue(network.ipv4.prefixes[0].endswith("/26"))
        self.assertTrue(network.routed)
        update = iaas.PartialUpdateNetworkPayload(name="sdk-renamed", labels={"by": None, "tier": "1"})
        api.partial_update_network(PROJECT, REGION, network.id, update)
        renamed = until(lambda: api.get_network(PROJECT, REGION, network.id), lambda n: n.status == "CREATED")
        self.assertEqual((renamed.name, renamed.labels), ("sdk-renamed", {"tier": "1"}))
        found = api.list_networks(PROJECT, REGION, label_selector="tier=1").items
        self.assertIn(str(network.id), [str(each.id) for each in found])
        api.delete_network(PROJECT, REGION, network.id)
        self.is_gone(lambda: api.get_network(PROJECT, REGION, network.id))

    def test_an_isolated_network(self):
        payload = iaas.CreateIsolatedNetworkPayload(name="sdk-isolated")
        network = self.api.create_isolated_network(PROJECT, REGION, payload)
        read = lambda: self.api.get_network(PROJECT, REGION, network.id)
        self.assertFalse(until(read, lambda network: network.status == "CREATED").routed)
        self.api.delete_network(PROJECT, REGION, network.id)
        self.is_gone(read)

    def test_interfaces_and_public_addresses(self):
        api = self.api
        network = self.a_network()
        nic = api.create_nic(PROJECT, REGION, network.id, iaas.CreateNicPayload(name="sdk-nic"))
        self.assertEqual(str(nic.network_id), str(network.id))
        self.assertRegex(nic.mac, "^([0-9a-f]{2}:){5}[0-9a-f]{2}$")
        renamed = api.update_nic(PROJECT, REGION, network.id, nic.id, iaas.UpdateNicPayload(labels={"by": "sdk"}))
        self.assertEqual(renamed.labels, {"by": "sdk"})
        ids = lambda nics: [str(each.id) for each in nics.items]
        self.assertIn(str(nic.id), ids(api.list_nics(PROJECT, REGION, network.id)))
        self.assertEqual([str(nic.id)], ids(api.list_project_nics(PROJECT, REGION, label_selector="by=sdk")))

        server = self.a_server()
        api.add_nic_to_server(PROJECT, REGION, server.id, nic.id)
        attached = lambda: ids(api.list_server_nics(PROJECT, REGION, server.id))
        until(attached, lambda nics: str(nic.id) in nics)
        with self.assertRaises(ConflictException):
            api.add_nic_to_server(PROJECT, REGION, server.id, nic.id)

        address = api.create_public_ip(PROJECT, REGION, iaas.CreatePublicIPPayload(labels={"by": "sdk"}))
        self.assertIsNone(address.network_interface)
        api.update_public_ip(
            PROJECT, REGION, address.id, iaas.UpdatePublicIPPayload(network_interface=nic.id)
        )
        bound = api.get_public_ip(PROJECT, REGION, address.id)
        self.assertEqual(str(bound.network_interface), str(nic.id))
        self.assertIn(address.ip, [each.public_ip for each in self.nics_of(server)])
        api.remove_public_ip_from_server(PROJECT, REGION, server.id, address.id)
        self.assertIsNone(api.get_public_ip(PROJECT, REGION, address.id).network_interface)
        api.add_public_ip_to_server(PROJECT, REGION, server.id, address.id)
        self.assertIsNotNone(api.get_public_ip(PROJECT, REGION, address.id).network_interface)
        self.assertIn(str(address.id), ids(api.list_public_ips(PROJECT, REGION, label_selector="by=sdk")))
        api.delete_public_ip(PROJECT, REGION, address.id)
        self.is_gone(lambda: api.get_public_ip(PROJECT, REGION, address.id))
        self.assertGreater(len(api.list_public_ip_ranges().items), 0)

        api.remove_nic_from_server(PROJECT, REGION, server.id, nic.id)
        until(attached, lambda nics: str(nic.id) not in nics)
        api.delete_server(PROJECT, REGION, server.id)
        self.is_gone(lambda: api.get_server(PROJECT, REGION, server.id))
        with self.assertRaises(ConflictException):
            api.delete_network(PROJECT, REGION, network.id)
        api.delete_nic(PROJECT, REGION, network.id, nic.id)
        self.is_gone(lambda: api.get_nic(PROJECT, REGION, network.id, nic.id))
        api.delete_network(PROJECT, REGION, network.id)
        self.is_gone(lambda: api.get_network(PROJECT, REGION, network.id))

    def nics_of(self, server):
        return self.api.get_server(PROJECT, REGION, server.id, details=True).nics

    def test_security_groups_and_their_rules(self):
        api = self.api
        payload = iaas.CreateSecurityGroupPayload(name="sdk-group", description="of the SDK", labels={"by": "sdk"})
        group = api.create_security_group(PROJECT, REGION, payload)
        self.assertEqual((group.name, group.stateful), ("sdk-group", True))
        rule = api.create_security_group_rule(
            PROJECT,
            REGION,
            group.id,
            iaas.CreateSecurityGroupRulePayload(
                direction="ingress",
                protocol=iaas.CreateProtocol("tcp"),
                port_range=iaas.PortRange(min=443, max=443),
                ip_range="0.0.0.0/0",
            ),
        )
        self.assertEqual((rule.direction, rule.protocol.name, rule.protocol.number), ("ingress", "tcp", 6))
        self.assertEqual(rule.ethertype, "IPv4")
        self.assertEqual(str(rule.security_group_id), str(group.id))
        rules = lambda: [str(each.id) for each in api.list_security_group_rules(PROJECT, REGION, group.id).items]
        self.assertIn(str(rule.id), rules())
        read = api.get_security_group_rule(PROJECT, REGION, group.id, rule.id)
        self.assertEqual((read.port_range.min, read.port_range.max), (443, 443))
        by_number = api.create_security_group_rule(
            PROJECT,
            REGION,
            group.id,
            iaas.CreateSecurityGroupRulePayload(
                direction="ingress", protocol=iaas.CreateProtocol(17), remote_security_group_id=group.id
            ),
        )
        self.assertEqual(by_number.protocol.name, "udp")
        api.delete_security_group_rule(PROJECT, REGION, group.id, rule.id)
        self.assertNotIn(str(rule.id), rules())

        update = iaas.UpdateSecurityGroupPayload(name="sdk-renamed", labels={"by": None})
        renamed = api.update_security_group(PROJECT, REGION, group.id, update)
        self.assertEqual((renamed.name, renamed.labels), ("sdk-renamed", {}))
        server = self.a_server()
        api.add_security_group_to_server(PROJECT, REGION, server.id, group.id)
        with self.assertRaises(ConflictException):
            api.delete_security_group(PROJECT, REGION, group.id)
        api.remove_security_group_from_server(PROJECT, REGION, server.id, group.id)
        api.delete_security_group(PROJECT, REGION, group.id)
        self.is_gone(lambda: api.get_security_group(PROJECT, REGION, group.id))
        api.delete_server(PROJECT, REGION, server.id)

    # Keys, images, affinity groups

    def test_key_pairs(self):
        api = self.api
        public = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3Tgp5AcTF6o4dEdLwO9QMGzVSuxWgL5hYk8Y1rRrTq sdk"
        pair = api.create_key_pair(iaas.CreateKeyPairPayload(name="sdk-key", public_key=public, labels={"by": "sdk"}))
        self.assertRegex(pair.fingerprint, "^([0-9a-f]{2}:){15}[0-9a-f]{2}$")
        with self.assertRaises(ConflictException):
            api.create_key_pair(iaas.CreateKeyPairPayload(name="sdk-key", public_key=public))
        with self.assertRaises(BadRequestException):
            api.create_key_pair(iaas.CreateKeyPairPayload(name="sdk-other", public_key="ssh-rsa AAAA"))
        self.assertEqual(api.get_key_pair("sdk-key").public_key, public)
        self.assertEqual(["sdk-key"], [each.name for each in api.list_key_pairs(label_selector="by=sdk").items])
        updated = api.update_key_pair("sdk-key", iaas.UpdateKeyPairPayload(labels={"by": None, "tier": "1"}))
        self.assertEqual(updated.labels, {"tier": "1"})
        server = self.a_server(keypair_name="sdk-key")
        self.assertEqual(server.keypair_name, "sdk-key")
        api.delete_server(PROJECT, REGION, server.id)
        api.delete_key_pair("sdk-key")
        self.is_gone(lambda: api.get_key_pair("sdk-key"))

    def test_images(self):
        listed = self.api.list_images(PROJECT, REGION).items[0]
        image = self.api.get_image(PROJECT, REGION, listed.id)
        self.assertEqual((image.name, image.status), (listed.name, "AVAILABLE"))
        self.assertEqual(str(image.id), str(listed.id))
        with self.assertRaises(NotFoundException):
            self.api.get_image(PROJECT, REGION, uuid.UUID("00000000-0000-4000-8000-000000000000"))

    def test_affinity_groups(self):
        api = self.api
        payload = iaas.CreateAffinityGroupPayload(name="sdk-apart", policy="soft-anti-affinity")
        group = api.create_affinity_group(PROJECT, REGION, payload)
        server = self.a_server(affinity_group=group.id)
        members = api.get_affinity_group(PROJECT, REGION, group.id).members
        self.assertEqual([str(member) for member in members], [str(server.id)])
        self.assertIn(str(group.id), [str(each.id) for each in api.list_affinity_groups(PROJECT, REGION).items])
        with self.assertRaises(BadRequestException):
            api.create_affinity_group(
                PROJECT, REGION, iaas.CreateAffinityGroupPayload(name="sdk-odd", policy="far-apart")
            )
        api.delete_server(PROJECT, REGION, server.id)
        self.is_gone(lambda: api.get_server(PROJECT, REGION, server.id))
        api.delete_affinity_group(PROJECT, REGION, group.id)
        self.is_gone(lambda: api.get_affinity_group(PROJECT, REGION, group.id))

    # Errors

    def test_errors_are_those_of_the_documents(self):
        api = self.api
        nobody = uuid.UUID("00000000-0000-4000-8000-000000000000")
        with self.assertRaises(NotFoundException) as caught:
            api.get_server(PROJECT, REGION, nobody)
        self.assertIn('"code":404', caught.exception.body.replace(" ", ""))
        with self.assertRaises(NotFoundException):
            api.delete_snapshot(PROJECT, REGION, nobody)
        with self.assertRaises(NotFoundException):
            api.list_servers(nobody, REGION)
        with self.assertRaises(BadRequestException):
            api.list_servers(PROJECT, REGION, label_selector="=x=")
        server = self.a_server()
        with self.assertRaises(ConflictException):
            api.start_server(PROJECT, REGION, server.id)
        with self.assertRaises(ConflictException):
            api.unrescue_server(PROJECT, REGION, server.id)
        api.delete_server(PROJECT, REGION, server.id)

    def test_a_quota_refuses_the_create_call(self):
        with self.assertRaises(ApiException) as caught:
            self.a_volume(size=15_000)
        self.assertEqual(caught.exception.status, 413)

    def test_every_answer_has_a_request_that_can_be_looked_up(self):
        answer = self.api.list_servers_with_http_info(PROJECT, REGION)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        request_id = headers["x-request-id"]
        self.assertRegex(request_id, r"^req-[0-9a-f]{32}$")

    def test_a_change_is_looked_up_by_its_request_id(self):
        payload = iaas.CreateVolumePayload(availability_zone="eu01-1", name="sdk-looked-up", size=1)
        answer = self.api.create_volume_with_http_info(PROJECT, REGION, payload)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        read = lambda: self.api.get_project_request(PROJECT, REGION, headers["x-request-id"])
        looked_up = until(read, lambda request: request.status == "CREATED")
        self.assertEqual(looked_up.request_id, headers["x-request-id"])
        self.assertIn(str(answer.data.id), [str(resource.id) for resource in looked_up.resources])
        self.volume_reaches(answer.data.id, "AVAILABLE")
        self.api.delete_volume(PROJECT, REGION, answer.data.id)

    def test_a_key_of_someone_else_is_refused(self):
        import json
        import tempfile

        with open(os.environ["SIM_KEY_FILE"], encoding="utf-8") as file:
            key = json.load(file)
        key["credentials"]["kid"] = str(uuid.uuid4())
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(key, file)
            file.flush()
            with self.assertRaises(Exception) as caught:
                connect(file.name).list_servers(PROJECT, REGION)
        self.assertNotIn("PRIVATE KEY", str(caught.exception))


if __name__ == "__main__":
    unittest.main(verbosity=2)
